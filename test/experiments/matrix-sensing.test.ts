import { describe, expect, it } from "vitest";
import { runTrial } from "../../lib/experiments/index.js";
import { matrixSensing } from "../../lib/experiments/matrix-sensing.js";
import { sensingModes } from "../../lib/theory/index.js";

const run = (change: Record<string, unknown> = {}) => runTrial(matrixSensing, { d: 12, rank: 2, measurements: 0, seed: 6, ...change });

describe("matrix-sensing", () => {
  it.each([
    ["gd", 5, 0.4],
    ["gd", 1, 0.3],
    ["scaled-gd", 5, 0.4],
    ["scaled-gd", 1000, 0.2],
  ])("has the local rate of theory with infinitely many measurements: %s, condition number %d", async (method, cond, lr) => {
    const { metrics } = await run({ method, cond, lr, steps: method === "gd" ? 60 * cond : 100 });
    expect(metrics.rate as number).toBeCloseTo(metrics.theoryRate as number, 3);
  });

  it("recovers M* from enough measurements in steps that do not depend on the condition number with ScaledGD, and do with GD", async () => {
    const steps = async (method: string, cond: number) =>
      (await run({ method, cond, measurements: 700, lr: 0.5, steps: 3000 })).metrics["stepsTo0.001"] as number | null;
    const [easy, hard] = [await steps("scaled-gd", 2), await steps("scaled-gd", 50)];
    expect(Math.abs(hard! - easy!)).toBeLessThan(10);
    expect(await steps("gd", 50)).toBeGreaterThan(5 * (await steps("gd", 2))!);
  });

  it("reports null when the step is too long", async () => {
    expect((await run({ method: "gd", lr: 5, measurements: 300 })).metrics.finalError).toBeNull();
  });
});

describe("sensingModes", () => {
  it("lists tangent and crossing modes and refuses what is no singular value", () => {
    expect([...sensingModes([1, 0.5], 0.1, false)].map((x) => Number(x.toFixed(12)))).toEqual([0.8, 0.85, 0.85, 0.9, 0.9, 0.95]);
    expect(() => sensingModes([], 0.1, true)).toThrow(/no singular values/);
    expect(new Set([...sensingModes([1, 1e-6], 0.25, true)])).toEqual(new Set([0.5, 0.75]));
    expect(() => sensingModes([1, 0], 0.1, false)).toThrow(RangeError);
    expect(() => sensingModes([1], -1, false)).toThrow(RangeError);
  });
});
