import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, runTrial } from "../../lib/experiments/index.js";
import { linearRepresentation } from "../../lib/experiments/linear-representation.js";
import { encodeNpy } from "../../lib/io/index.js";
import { Matrix } from "../../lib/linalg/index.js";

const small = { d: 20, dy: 6, k: 3, n: 200, cond: 100, steps: 60, noise: 0.01, sampling: "statistics", seed: 4 };
const run = (change: Record<string, unknown> = {}) => runTrial(linearRepresentation, { ...small, ...change });

describe("linear-representation", () => {
  it("records step, trainLoss, distance and transferLoss from the initialisation on, and metrics that agree with them", async () => {
    const { metrics, series } = await run();
    expect(Object.keys(series)).toEqual(["step", "trainLoss", "distance", "transferLoss"]);
    expect(series.step).toEqual(Array.from({ length: 61 }, (_, t) => t));
    for (const [level, steps] of [
      [0.1, metrics["stepsTo0.1"]],
      [0.01, metrics["stepsTo0.01"]],
    ] as const) {
      expect(steps).toBe(series.distance!.findIndex((distance) => distance! <= level));
    }
    expect(metrics.finalDistance).toBe(series.distance!.at(-1));
    expect(metrics.finalTrainLoss).toBe(series.trainLoss!.at(-1));
    expect(metrics.finalTransferLoss).toBe(series.transferLoss!.at(-1));
  });

  it.each([1, 100, 1e4])("takes stylised KFAC at η = 0.3 to distance 0.1 in 6 to 9 steps at condition number %d", async (cond) => {
    const { metrics } = await run({ cond, d: 40, k: 4, n: 600, noise: 1e-3, steps: 12 });
    expect(metrics["stepsTo0.1"]).toBeGreaterThanOrEqual(6);
    expect(metrics["stepsTo0.1"]).toBeLessThanOrEqual(9);
  });

  it("is slow with alternating gradient descent where the inputs are anisotropic", async () => {
    const { metrics } = await run({ optimizer: "amgd", lr: 0.01, cond: 1e4, steps: 200 });
    expect(metrics["stepsTo0.1"]).toBeNull();
    expect(metrics.finalDistance).toBeGreaterThan(0.3);
  });

  it("records thinly after step 100 but counts steps exactly", async () => {
    const { metrics, series } = await run({ optimizer: "amgd", lr: 0.02, cond: 2, steps: 1000 });
    expect(series.step!.slice(100, 104)).toEqual([100, 105, 110, 115]);
    expect(series.step!.at(-1)).toBe(1000);
    const after = series.step!.findIndex((_, i) => series.distance![i]! <= 0.01);
    expect(metrics["stepsTo0.01"]).toBeGreaterThan(series.step![after - 1]!);
    expect(metrics["stepsTo0.01"]).toBeLessThanOrEqual(series.step![after]!);
  });

  it.each<Record<string, unknown>>([
    { sampling: "batch" },
    { sampling: "batch", inputs: "rademacher" },
    { optimizer: "sgd", lr: 0.03, batchNorm: "hidden" },
    { optimizer: "sgd", lr: 0.03, batchNorm: "input", sampling: "batch" },
    { optimizer: "adam", lr: 0.01, schedule: "linear" },
    { optimizer: "adamw", lr: 0.01 },
    { optimizer: "lbfgs", lr: 1, n: 2000 },
    { optimizer: "muon", lr: 0.03 },
    { optimizer: "kfac", lr: 0.1, damping: 1e-3, fisher: "empirical" },
    { optimizer: "shampoo", lr: 0.01, options: "p=2;graft=adam" },
    { optimizer: "kfac-stylised", damping: 0.01, options: "every=2" },
    { condF: 10, inputs: "gaussian" },
    { spectrum: "two-point", e: 0.9 },
    { spectrum: "power-law", alpha: 1.5 },
    { spectrum: "spiked", spikes: [50, 20] },
    { spectrum: "isotropic", inputs: "rademacher", sampling: "batch" },
    { tasks: 3 },
    { tasks: 3, optimizer: "dfw", dy: 1, noise: 0.1 },
    { tasks: 2, optimizer: "adam", lr: 0.01 },
    { optimizer: "gauss-newton", damping: 0.1, sampling: "batch" },
    { optimizer: "gauss-newton", damping: 0.1, fisher: "sampled", sampling: "batch" },
    { optimizer: "gauss-newton", damping: 1, lr: 0.1, fisher: "empirical", sampling: "batch" },
    { optimizer: "kfac", lr: 0.1, damping: 1e-3, fisher: "sampled" },
    { dy: 2, k: 3 },
    { n: 15, sampling: "batch" },
  ])("learns with %o", async (change) => {
    const { metrics, series } = await run(change);
    expect(metrics.finalTrainLoss).toBeLessThan(series.trainLoss![0]!);
    expect(metrics.finalDistance).toBeLessThanOrEqual(1);
    expect(metrics.finalTransferLoss).toBeGreaterThan(0);
  });

  it("takes a covariance from a .npy file: the one of a spectrum gives the run of that spectrum up to rounding", async () => {
    const folder = mkdtempSync(join(tmpdir(), "covariance-"));
    try {
      const path = join(folder, "s.npy");
      const write = (matrix: Matrix) => writeFileSync(path, encodeNpy(matrix));
      write(Matrix.identity(20));
      const [own, isotropic] = [await run({ covariance: path, steps: 5 }), await run({ spectrum: "isotropic", steps: 5 })];
      own.series.distance!.forEach((distance, i) => {
        expect(distance).toBeCloseTo(isotropic.series.distance![i]!, 9);
      });
      for (const bad of [Matrix.zeros(20, 20), Matrix.identity(19), Matrix.identity(20).fill(-1)]) {
        write(bad);
        await expect(run({ covariance: path })).rejects.toThrow(ConfigError);
      }
      const asymmetric = Matrix.identity(20);
      asymmetric.set(0, 1, 0.5);
      write(asymmetric);
      await expect(run({ covariance: path })).rejects.toThrow(/symmetric positive definite/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("gives the same bits for the same seed and others for another", async () => {
    const first = await run({ steps: 5 });
    expect(await run({ steps: 5 })).toEqual(first);
    expect((await run({ steps: 5, seed: 5 })).series.distance![0]).not.toBe(first.series.distance![0]);
  });

  it("stops a run that diverges, with null for its final metrics", async () => {
    const { metrics, series } = await run({ optimizer: "sgd", lr: 50 });
    expect(metrics).toEqual({
      "stepsTo0.1": null,
      "stepsTo0.01": null,
      finalDistance: null,
      finalTrainLoss: null,
      finalTransferLoss: null,
    });
    expect(series.step!.length).toBeLessThan(60);
    expect(Object.values(series).flat().every(Number.isFinite)).toBe(true);
  });

  it("has trajectories of one law under both samplings (pooled over seeds)", async () => {
    // Noise large enough to matter: the final distance is at the noise floor.
    const pool = async (sampling: string) => {
      const logs: number[] = [];
      for (let seed = 0; seed < 40; seed++) {
        const { metrics } = await run({ sampling, seed, noise: 0.2, n: 60, steps: 25 });
        logs.push(Math.log(metrics.finalDistance as number), Math.log(metrics.finalTransferLoss as number));
      }
      return [0, 1].map((which) => {
        const values = logs.filter((_, i) => i % 2 === which);
        const mean = values.reduce((a, b) => a + b) / values.length;
        return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1) / values.length };
      });
    };
    const [batch, statistics] = [await pool("batch"), await pool("statistics")];
    batch.forEach(({ mean, variance }, i) => {
      expect(Math.abs(mean - statistics[i]!.mean) / Math.sqrt(variance + statistics[i]!.variance)).toBeLessThan(4);
    });
  });

  it.each([
    [{ k: 30 }, "k", /k must be at most d = 20, got 30/],
    [{ sampling: "statistics", inputs: "rademacher" }, "sampling", /sampling must be batch unless inputs=gaussian/],
    [{ n: 26 }, "n", /n must be more than d \+ dy = 26/],
    [{ optimizer: "kfak" }, "optimizer", /did you mean kfac\?/],
    [{ options: "p=2" }, "options", /options must be key=value/],
    [{ optimizer: "shampoo", options: "p=no" }, "options", /p/],
    [{ condF: 0.5 }, "condF", /condF must be/],
    [{ spectrum: "spiked", spikes: Array(21).fill(2) }, "spikes", /at most d = 20/],
    [{ covariance: "no-such.npy" }, "covariance", /\.npy file with a 20×20 matrix/],
    [{ tasks: 2, batchNorm: "hidden" }, "batchNorm", /none with several tasks/],
    [{ optimizer: "gauss-newton", fisher: "empirical" }, "sampling", /batch/],
    [{ optimizer: "gauss-newton", options: "provider=1" }, "options", /key=value/],
  ])("refuses %o", async (change, key, message) => {
    const failure = await run(change).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as ConfigError).key).toBe(key);
    expect((failure as ConfigError).message).toMatch(message);
    expect((failure as ConfigError).message).not.toContain("\n");
  });
});
