import { describe, expect, it } from "vitest";
import { runTrial } from "../../lib/experiments/index.js";
import { multiIndex } from "../../lib/experiments/multi-index.js";

const run = async (change: Record<string, unknown>) =>
  (await runTrial(multiIndex, { d: 24, hidden: 80, n: 16_000, draws: 6, seed: 2, ...change })).metrics as unknown as {
    sgd: { distance: number };
    kfac: { distance: number };
    sgdLimit: number;
  };

describe("multi-index", () => {
  it("takes SGD to S·span(B) and KFAC to span(B)", async () => {
    const { sgd, kfac, sgdLimit } = await run({});
    expect(sgdLimit).toBeGreaterThan(0.4);
    expect(Math.abs(sgd.distance / sgdLimit - 1)).toBeLessThan(0.1);
    expect(kfac.distance).toBeLessThan(sgd.distance / 2);
    expect((await run({ n: 64_000 })).kfac.distance).toBeLessThan(kfac.distance);
  });

  it("finds the subspace by either step where inputs are isotropic", async () => {
    const { sgd, kfac, sgdLimit } = await run({ spectrum: "isotropic" });
    expect(sgdLimit).toBeLessThan(1e-7);
    expect(sgd.distance).toBeLessThan(0.2);
    expect(kfac.distance).toBeLessThan(0.2);
  });
});
