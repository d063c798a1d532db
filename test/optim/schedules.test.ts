import { describe, expect, it } from "vitest";
import { Matrix } from "../../lib/linalg/index.js";
import { createOptimizer, schedule } from "../../lib/optim/index.js";
import { weight } from "./helpers.js";

const values = (config: Parameters<typeof schedule>[0], steps: number[]) => steps.map((t) => +schedule(config)(t).toFixed(12));

describe("schedules", () => {
  it("constant", () => expect(values({ kind: "constant" }, [1, 10])).toEqual([1, 1]));
  it("warm-up", () => expect(values({ kind: "constant", warmup: 4 }, [1, 2, 4, 5, 9])).toEqual([0.25, 0.5, 1, 1, 1]));
  it("linear", () => expect(values({ kind: "linear", steps: 5 }, [1, 2, 3, 5, 9])).toEqual([1, 0.75, 0.5, 0, 0]));
  it("linear with warm-up", () =>
    expect(values({ kind: "linear", steps: 7, warmup: 2, final: 0.5 }, [1, 2, 3, 5, 7])).toEqual([0.5, 1, 1, 0.75, 0.5]));
  it("cosine", () => expect(values({ kind: "cosine", steps: 5, final: 0.2 }, [1, 3, 5, 6])).toEqual([1, 0.6, 0.2, 0.2]));
  it("warm-up, stable, decay", () =>
    expect(values({ kind: "wsd", steps: 10, warmup: 2, decay: 4 }, [1, 2, 5, 6, 8, 10, 11])).toEqual([0.5, 1, 1, 1, 0.5, 0, 0]));
  it("inverse square root", () =>
    expect(values({ kind: "inverse-sqrt", warmup: 4 }, [1, 2, 4, 16, 64])).toEqual([0.25, 0.5, 1, 0.5, 0.25]));
  it("any function", () => expect(values((t) => 1 / t, [1, 4])).toEqual([1, 0.25]));

  it("multiplies the rate of every group at every step", () => {
    const p = weight(Matrix.zeros(1, 1));
    p.gradient.fill(1);
    const optimizer = createOptimizer("sgd", [p], { lr: 2, schedule: { kind: "linear", steps: 3 } });
    const seen = [1, 2, 3].map(() => {
      optimizer.step();
      return p.value.data[0];
    });
    expect(seen).toEqual([-2, -3, -3]);
  });

  it("refuses what it does not know", () => {
    expect(() => createOptimizer("sgd", [weight(Matrix.zeros(1, 1))], { schedule: { kind: "cosin", steps: 3 } } as never)).toThrow(
      /schedule/,
    );
    expect(() => createOptimizer("sgd", [weight(Matrix.zeros(1, 1))], { schedule: { kind: "cosine" } } as never)).toThrow(/schedule/);
  });
});
