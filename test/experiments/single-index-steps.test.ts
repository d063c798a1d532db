import { describe, expect, it } from "vitest";
import { runTrial } from "../../lib/experiments/index.js";
import { singleIndexSteps } from "../../lib/experiments/single-index-steps.js";

const run = async (change: Record<string, unknown>) =>
  (await runTrial(singleIndexSteps, { d: 40, hidden: 80, n: 800, cond: 100, draws: 8, seed: 4, ...change })).metrics as unknown as Record<
    "spikes" | "alignment" | "excess",
    { mean: number; draws: number[] }
  >;

describe("single-index-steps", () => {
  it("leaves the bulk alone for small steps, and raises spikes from a = 0 on", async () => {
    const [small, unit, large] = await Promise.all([-1, 0.25, 0.6].map((exponent) => run({ exponent, method: "sgd" })));
    expect(small!.spikes.mean).toBe(0);
    expect(unit!.spikes.mean).toBeGreaterThanOrEqual(1);
    expect(large!.spikes.mean).toBeGreaterThan(unit!.spikes.mean);
  });

  it("turns towards β* more by KFAC than by SGD on every draw", async () => {
    const [sgd, kfac] = await Promise.all(["sgd", "kfac"].map((method) => run({ method, exponent: 0 })));
    kfac!.alignment.draws.forEach((value, i) => {
      expect(value).toBeGreaterThan(sgd!.alignment.draws[i]!);
    });
  });

  it("learns features with steps of about a = ½: lower error than without (paired draws)", async () => {
    const [none, half] = await Promise.all([-2, 0.4].map((exponent) => run({ exponent })));
    expect(half!.excess.draws.filter((value, i) => value < none!.excess.draws[i]!).length).toBe(8);
  });
});
