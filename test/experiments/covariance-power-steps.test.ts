import { describe, expect, it } from "vitest";
import { covariancePowerSteps } from "../../lib/experiments/covariance-power-steps.js";
import { runTrial } from "../../lib/experiments/index.js";

const run = (change: Record<string, unknown>) =>
  runTrial(covariancePowerSteps, { d: 30, hidden: 30, n: 200, cond: 50, draws: 2, steps: 6, stepRms: 0.1, seed: 9, ...change });

describe("covariance-power-steps", () => {
  it("does not depend on p where inputs are isotropic, and compares powers on the same draws", async () => {
    const [whitened, plain] = await Promise.all([-1, 0].map((power) => run({ power, spectrum: "isotropic" })));
    expect(whitened!.series).toEqual(plain!.series);
  });

  it("records every draw at powers of two, at half of the steps and at the last, which the metrics repeat", async () => {
    const { series, metrics } = await run({});
    expect(series.step).toEqual([1, 2, 3, 4, 6, 1, 2, 3, 4, 6]);
    expect(series.draw).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    for (const id of ["train", "shifted", "corrupted", "transfer"]) expect(metrics[id]).toEqual([series[id]![4], series[id]![9]]);
    expect(metrics.settled).toEqual([4, 9].map((at) => (series.train![at] as number) / (series.train![at - 2] as number)));
  });

  it("starts where longer runs start: the steps of a short run are the first of a long one", async () => {
    const [short, long] = [(await run({ steps: 1 })).series, (await run({})).series];
    for (const id of ["train", "alignment"]) expect(short[id]![0]).toBe(long[id]![0]);
  });

  it("whitening lowers the error where plain gradients of the same first change do not reach (all of 6 draws: 1.6 % by chance)", async () => {
    const [white, plain] = await Promise.all(
      [-1, 0].map(async (power) => (await run({ power, draws: 6, steps: 8, stepRms: 0.3 })).metrics.train as number[]),
    );
    expect(white!.every((value, i) => value < plain![i]!)).toBe(true);
  });
});
