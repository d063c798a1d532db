import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { singleIndexAlignment } from "../../lib/experiments/single-index-alignment.js";
import { singleIndexGeneralization } from "../../lib/experiments/single-index-generalization.js";
import { runTrial } from "../../lib/experiments/trial.js";
import { encodeNpy } from "../../lib/io/index.js";
import { gemm, Matrix } from "../../lib/linalg/index.js";
import { Covariance, logSpectrum, Stream } from "../../lib/random/index.js";

interface Measured {
  simulated: number;
  standardError: number;
  theory: number;
}

async function alignment(config: Record<string, unknown>): Promise<{ sgd: Measured; kfac: Measured }> {
  return (await runTrial(singleIndexAlignment, config)).metrics as unknown as { sgd: Measured; kfac: Measured };
}

describe("single-index-alignment", () => {
  // d = 400: the limit is reached to a few per cent where cos² ≫ 1/d.
  it.each([
    { phi: 0.5, spectrum: "log", cond: 100, sigma: "relu", damping: 0.1, seed: 1 },
    { phi: 1.6, spectrum: "log", cond: 30, sigma: "tanh", damping: 0.01, seed: 2 },
    { phi: 0.8, spectrum: "two-point", e: 0.9, sigma: "he1+he2", damping: 0.3, beta: "top", metric: "covariance", seed: 3 },
    { phi: 0.4, spectrum: "two-point", e: 0.6, sigma: "linear", damping: 0, beta: "bottom", seed: 4 },
    { phi: 2.5, spectrum: "isotropic", sigma: "linear", damping: 0, seed: 5 },
    { phi: 0.3, spectrum: "log", cond: 1000, sigma: "he1+he3", damping: 1, metric: "covariance", seed: 6 },
    { phi: 0.5, spectrum: "log", cond: 30, sigma: "relu", damping: 0.1, statistics: "separate", seed: 7 },
  ])("simulation meets theory: $spectrum phi=$phi $sigma damping=$damping", async (config) => {
    const { sgd, kfac } = await alignment({ d: 400, draws: 30, ...config });
    for (const { simulated, standardError, theory } of [sgd, kfac]) {
      // five standard errors, and 2 % for d < ∞
      expect(Math.abs(simulated - theory), `${simulated} ± ${standardError} vs ${theory}`).toBeLessThan(5 * standardError + 0.02 * theory);
      expect(standardError).toBeLessThan(0.06 * theory);
    }
  });

  it("is bit-identical for a seed, and another seed differs", async () => {
    const config = { d: 40, draws: 2, seed: 8 };
    const first = await alignment(config);
    expect(await alignment(config)).toEqual(first);
    expect((await alignment({ ...config, seed: 9 })).sgd.simulated).not.toBe(first.sgd.simulated);
    // draws have their own streams: the first draw does not depend on how many follow
    const single = await alignment({ ...config, draws: 1 });
    expect(single.sgd.standardError).toBeNull();
    expect(2 * first.sgd.simulated - single.sgd.simulated).toBeGreaterThan(0);
  });

  it("refuses undamped statistics of too few other samples, and pairs KFAC with SGD", async () => {
    const config = { d: 30, statistics: "separate", damping: 0, draws: 8 };
    await expect(runTrial(singleIndexAlignment, { ...config, phi: 1.5 })).rejects.toThrow(/damping must be positive/);
    const { metrics } = await runTrial(singleIndexAlignment, { ...config, phi: 0.2 });
    const { sgd, kfac, advantage } = metrics as unknown as {
      sgd: Measured;
      kfac: Measured;
      advantage: { log: number; standardError: number };
    };
    expect(advantage.log).toBeCloseTo(Math.log(kfac.simulated / sgd.simulated), 12);
    expect(advantage.standardError).toBeGreaterThan(0);
  });

  it("takes the eigenvalues of a covariance from a .npy file, in any basis", async () => {
    const folder = mkdtempSync(join(tmpdir(), "layerwise-covariance-"));
    try {
      const [file, config] = [join(folder, "s.npy"), { d: 12, draws: 2, cond: 7 }];
      writeFileSync(file, encodeNpy(Covariance.rotated(logSpectrum(12, 7), new Stream(3, "basis")).matrix));
      const [own, given] = [await alignment(config), await alignment({ ...config, covariance: file })];
      expect(given.kfac.simulated).toBeCloseTo(own.kfac.simulated, 10);
      expect(given.sgd.theory).toBeCloseTo(own.sgd.theory, 12);
      await expect(alignment({ ...config, d: 13, covariance: file })).rejects.toThrow(
        /covariance must be a \.npy file with a 13×13 matrix/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("takes β* from a .npy file, in the basis of the covariance or on its eigenvectors", async () => {
    const folder = mkdtempSync(join(tmpdir(), "layerwise-direction-"));
    try {
      const file = (name: string) => join(folder, name);
      const covariance = Covariance.rotated(logSpectrum(12, 7), new Stream(3, "basis"));
      const top = Float64Array.from({ length: 12 }, (_, i) => (i < 9 ? 0 : i % 2 ? -0.5 : 0.5) / Math.sqrt(0.75));
      const { data } = gemm(covariance.basis, new Matrix(top, 12, 1));
      writeFileSync(file("s.npy"), encodeNpy(covariance.matrix));
      writeFileSync(file("own.npy"), encodeNpy({ shape: [12], data: top }));
      writeFileSync(file("turned.npy"), encodeNpy({ shape: [12], data: data as Float64Array }));
      const config = { d: 12, draws: 2, cond: 7 };
      const wanted = await alignment({ ...config, beta: "top" });
      for (const given of [{ direction: file("own.npy") }, { direction: file("turned.npy"), covariance: file("s.npy") }]) {
        const found = await alignment({ ...config, ...given });
        expect(found.kfac.simulated).toBeCloseTo(wanted.kfac.simulated, 10);
        expect(found.sgd.theory).toBeCloseTo(wanted.sgd.theory, 10);
      }
      const refused = (direction: string, d = 12) => expect(alignment({ ...config, d, direction: file(direction) })).rejects;
      await refused("own.npy", 13).toThrow(/direction must be a \.npy file with 13 numbers \(it has 12\)/);
      await refused("none.npy").toThrow(/direction must be a \.npy file with 12 numbers \(ENOENT/);
      writeFileSync(file("zero.npy"), encodeNpy({ shape: [12], data: new Float64Array(12) }));
      await refused("zero.npy").toThrow(/direction must be finite, and not all zero/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("gives no theory at the interpolation threshold", async () => {
    const { sgd, kfac } = await alignment({ d: 20, phi: 1, damping: 0, draws: 2 });
    expect(kfac.theory).toBeNull();
    expect(sgd.theory).toBeGreaterThan(0);
  });
});

describe("single-index-generalization", () => {
  it("one KFAC step beats one SGD step beats none (small problem, other seed)", async () => {
    const config = { d: 60, hidden: 120, n: 1200, cond: 100, draws: 4, seed: 12 };
    const metrics = (await runTrial(singleIndexGeneralization, config)).metrics as Record<
      string,
      { excess: number; standardError: number }
    >;
    const { randomFeatures, sgd, kfac } = metrics;
    expect(sgd.excess).toBeLessThan(0.8 * randomFeatures.excess);
    expect(kfac.excess).toBeLessThan(0.8 * sgd.excess);
    expect(kfac.standardError).toBeGreaterThan(0);
  });

  it("without a bias and with the full gradient the order is the same", async () => {
    const config = { d: 60, hidden: 120, n: 1200, cond: 100, draws: 4, seed: 13, step: "gradient", bias: 0 };
    const { randomFeatures, sgd, kfac } = (await runTrial(singleIndexGeneralization, config)).metrics as Record<string, { excess: number }>;
    expect(sgd.excess).toBeLessThan(randomFeatures.excess);
    expect(kfac.excess).toBeLessThan(sgd.excess);
  });
});
