import { describe, expect, it } from "vitest";
import { runTrial } from "../../lib/experiments/index.js";
import { localRepresentationRates } from "../../lib/experiments/local-rates.js";

const run = (change: Record<string, unknown>) =>
  runTrial(localRepresentationRates, { d: 14, dy: 5, k: 3, steps: 200, starts: 60, seed: 8, ...change });

describe("local-rates", () => {
  // ‖T‖ has k(d−k) = 33 modes; late, when few are left, the mean over 60 starts of their squares scatters by √(2/60) = 18 %, its root by 9 %.
  it.each([
    ["none", 10],
    ["none", 1000],
    ["left", 100],
    ["right", 100],
    ["both", 1000],
  ])("decays as the Schur complement says: %s, condition number %d", async (preconditioning, cond) => {
    const { metrics } = await run({ preconditioning, cond, lr: preconditioning === "both" ? 0.3 : null });
    expect(metrics.deviation).toBeLessThan(0.3);
    expect(metrics.standardErrors).toBeLessThan(4);
  });

  it("is slower the larger the condition number, unless the input side is preconditioned", async () => {
    const finals = async (preconditioning: string) =>
      Promise.all([10, 1000].map(async (cond) => (await run({ preconditioning, cond })).metrics.final as number));
    const [easy, hard] = await finals("none");
    expect(hard).toBeGreaterThan(3 * easy!);
    const [sameEasy, sameHard] = await finals("right");
    expect(sameHard! / sameEasy!).toBeCloseTo(1, 0);
  });

  it("refuses a rate at which the slowest mode grows", async () => {
    await expect(run({ lr: 1e6 })).rejects.toThrow(/lr must be at most .* it diverges, got 1000000/);
  });
});
