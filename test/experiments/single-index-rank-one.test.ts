import { describe, expect, it } from "vitest";
import { singleIndexRankOne } from "../../lib/experiments/single-index-rank-one.js";
import { runTrial } from "../../lib/experiments/trial.js";

type Norms = { operator: { mean: number; draws: number[] }; frobenius: { mean: number; draws: number[] } };
const found = async (config: Record<string, unknown>) =>
  (await runTrial(singleIndexRankOne, config)).metrics as unknown as { sgd: Norms; kfac: Norms };

describe("single-index-rank-one", () => {
  it("the error falls with n on every draw, and is larger in Frobenius norm", async () => {
    const config = { d: 40, hidden: 80, cond: 10, draws: 4, seed: 41 };
    const [few, many] = [await found({ ...config, n: 80 }), await found({ ...config, n: 2560 })];
    for (const method of ["sgd", "kfac"] as const) {
      few[method].operator.draws.forEach((error, i) => {
        expect(many[method].operator.draws[i]).toBeLessThan(error);
      });
      many[method].operator.draws.forEach((error, i) => {
        expect(many[method].frobenius.draws[i]).toBeGreaterThan(error);
      });
    }
  });

  it("heavy damping makes the KFAC step SGD's up to scale, with the same relative error", async () => {
    const { sgd, kfac } = await found({ d: 20, hidden: 30, n: 300, damping: 1e9, draws: 2, seed: 42 });
    sgd.operator.draws.forEach((error, i) => {
      expect(kfac.operator.draws[i]).toBeCloseTo(error, 6);
    });
  });

  it("an initial output that is not negligible adds to the error", async () => {
    const config = { d: 40, hidden: 80, n: 1280, cond: 10, draws: 4, seed: 43 };
    const [without, with_] = [await found(config), await found({ ...config, output: "initial" })];
    without.sgd.operator.draws.forEach((error, i) => {
      expect(with_.sgd.operator.draws[i]).toBeGreaterThan(error);
    });
  });
});
