import { describe, expect, it } from "vitest";
import { kfacAngle } from "../../lib/experiments/kfac-angle.js";
import { runTrial } from "../../lib/experiments/trial.js";

interface Found {
  recursion: number;
  identity: number;
  floor: { mean: number; standardError: number } | null;
  theoryFloor: number;
}
const found = async (config: Record<string, unknown>) => {
  const { metrics, series } = await runTrial(kfacAngle, config);
  return { ...(metrics as unknown as Found), series };
};

describe("kfac-angle", () => {
  it("follows the recursion from far away and ends at the noise floor, whatever the spectrum", async () => {
    for (const config of [
      { spectrum: "two-point", e: 0.9, d: 20, k: 3, dy: 6, n: 8000, lr: 0.5, seed: 31 },
      { spectrum: "log", cond: 1000, d: 16, k: 2, dy: 5, n: 6000, lr: 0.2, condF: 5, seed: 32 },
    ]) {
      const { recursion, identity, floor } = await found({ ...config, steps: 25, stationary: 400, runs: 6 });
      // A batch tells the head to √(d/n), some per cent.
      expect(recursion).toBeLessThan(0.1);
      expect(identity).toBeLessThan(1e-10);
      // Six standard errors and the second order in ‖T‖.
      expect(Math.abs(floor!.mean - 1)).toBeLessThan(6 * floor!.standardError + 0.02);
      expect(floor!.standardError).toBeLessThan(0.06);
    }
  });

  it("without noise falls at 1 − η to the rounding level, and has no floor", async () => {
    const { series, floor, theoryFloor } = await found({
      d: 12,
      k: 2,
      dy: 4,
      n: 200,
      noise: 0,
      steps: 30,
      stationary: 1,
      runs: 3,
      seed: 33,
    });
    expect([floor, theoryFloor]).toEqual([null, 0]);
    const { simulated } = series as { simulated: number[] };
    expect(simulated[30]! / simulated[20]!).toBeCloseTo(0.7 ** 10, 3);
  });

  it("refuses shapes that do not fit", async () => {
    await expect(runTrial(kfacAngle, { d: 5, k: 5 })).rejects.toThrow(/k must be less than d = 5/);
    await expect(runTrial(kfacAngle, { dy: 4, k: 5 })).rejects.toThrow(/dy must be at least k = 5/);
    await expect(runTrial(kfacAngle, { d: 40, dy: 12, n: 52 })).rejects.toThrow(/n must be more than d \+ dy = 52/);
  });
});
