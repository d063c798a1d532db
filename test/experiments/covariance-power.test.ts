import { describe, expect, it } from "vitest";
import { covariancePower } from "../../lib/experiments/covariance-power.js";
import { runTrial } from "../../lib/experiments/index.js";

interface Errors {
  excess: number;
  draws: number[];
}
const run = (change: Record<string, unknown>) =>
  runTrial(covariancePower, { d: 60, hidden: 60, n: 600, cond: 50, draws: 16, seed: 9, ...change });

describe("covariance-power", () => {
  it.each([-1, -0.5, 0, 1])("aligns as theory says (p = %d; 16 draws, 4 standard errors or 8 %)", async (power) => {
    const { simulated, standardError, theory } = (await run({ power })).metrics.alignment as Record<string, number>;
    expect(Math.abs(simulated! - theory!)).toBeLessThan(Math.max(4 * standardError!, 0.08 * theory!));
  });

  it("does not depend on p where inputs are isotropic, and compares powers on the same draws", async () => {
    const [whitened, plain] = await Promise.all([-1, 0].map((power) => run({ power, spectrum: "isotropic", draws: 2 })));
    expect(whitened!.metrics).toEqual(plain!.metrics);
  });

  it("generalises worse the further p is from whitening, in distribution (paired draws)", async () => {
    const [whitened, plain, opposite] = await Promise.all(
      [-1, 0, 1].map(async (power) => (await run({ power })).metrics.train as unknown as Errors),
    );
    const smaller = (a: Errors, b: Errors) => a.draws.filter((value, i) => value < b.draws[i]!).length;
    // Under no difference 14 or more of 16 have probability 0.2 %.
    expect(smaller(whitened!, plain!)).toBeGreaterThanOrEqual(14);
    expect(smaller(plain!, opposite!)).toBeGreaterThanOrEqual(14);
  });
});
