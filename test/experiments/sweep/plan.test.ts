import { describe, expect, it } from "vitest";
import { axesFromObject, parseAxes } from "../../../lib/experiments/sweep/language.js";
import type { Search, SweepSpec } from "../../../lib/experiments/sweep/plan.js";
import { countTrials, schedulerOf } from "../../../lib/experiments/sweep/schedule.js";
import type { PlannedTrial } from "../../../lib/experiments/sweep/scheduler.js";
import { trialId } from "../../../lib/experiments/trial.js";
import orbit from "./fixture.js";

const spec = (assignments: string[], search: Search = { kind: "grid" }, version = "1"): SweepSpec => ({
  experiment: orbit,
  axes: parseAxes(orbit, assignments),
  search,
  version,
});

/** The trials in order, each given its score once `delay` later ones have been asked for. */
function play(of: SweepSpec, score: (trial: PlannedTrial) => number | null, delay: number): PlannedTrial[] {
  const scheduler = schedulerOf(of);
  const played: PlannedTrial[] = [];
  const open: PlannedTrial[] = [];
  for (;;) {
    const next = scheduler.next();
    if (next !== undefined && next !== "wait") {
      played.push(next);
      open.push(next);
    }
    if (next === undefined && open.length === 0) return played;
    if (next === "wait" || next === undefined || open.length > delay) {
      // The last first: the order of arrival must not matter.
      const done = next === "wait" || next === undefined ? open.splice(0).reverse() : open.splice(0, 1);
      for (const trial of done) scheduler.report(trial.id, score(trial));
    }
  }
}

describe("a grid", () => {
  it("has every combination once, the last axis fastest, with complete configurations", () => {
    const trials = play(spec(["rate=3.8,3.9", "seed=0:3"]), () => null, 0);
    expect(trials.map(({ config }) => [config.rate, config.seed])).toEqual([
      [3.8, 0],
      [3.8, 1],
      [3.8, 2],
      [3.9, 0],
      [3.9, 1],
      [3.9, 2],
    ]);
    expect(trials.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(trials[0]!.config).toMatchObject({ steps: 50, mode: "plain" });
    expect(new Set(trials.map(({ id }) => id)).size).toBe(6);
  });

  it("has a combination once when values mean the same", () => {
    const axes = axesFromObject(orbit, { rate: [3.9, 3.8, 3.9], seed: [0, 1, -0, 1] });
    const of: SweepSpec = { experiment: orbit, axes, search: { kind: "grid" }, version: "1" };
    const trials = play(of, () => null, 0);
    expect(trials.map(({ config }) => [config.rate, config.seed])).toEqual([
      [3.9, 0],
      [3.9, 1],
      [3.8, 0],
      [3.8, 1],
    ]);
    expect(countTrials(of)).toBe(4);
  });

  it("counts, and refuses what the schema refuses, before anything runs", () => {
    expect(countTrials(spec(["seed=0:7", "rate=3.9"]))).toBe(7);
    expect(() => countTrials(spec(["rate=3.9,5"]))).toThrow(/rate must be a number in \[3.5, 4\], got 5/);
    expect(() => countTrials(spec(["wait=log:1e-3:1"]))).toThrow(/wait/);
    expect(() => countTrials(spec(["seed=0:10000", "steps=1:10000"]))).toThrow(/at most/);
  });
});

describe("the identity of a trial", () => {
  it("is of the configuration however it was written, the seed and the code", () => {
    const id = (assignments: string[], version?: string) => play(spec(assignments, { kind: "grid" }, version), () => null, 0)[0]!.id;
    expect(id(["seed=1", "rate=3.9"])).toBe(id(["rate=3.90", "steps=50", "seed=1"]));
    expect(new Set([id(["seed=1"]), id(["seed=2"]), id(["seed=1"], "2"), id(["rate=3.98", "seed=1"])]).size).toBe(4);
    expect(trialId("x", { a: 1, b: 2 }, "1")).toBe(trialId("x", { b: 2, a: 1 }, "1"));
  });
});

describe("a random search", () => {
  const random = (samples: number, axes = ["wait=log:1e-3:1", "steps=lin:10:20", "rate=3.7,3.8,3.9", "seed=0:2"]) =>
    play(spec(axes, { kind: "random", samples, seed: 5 }), () => null, 0);

  it("draws within the intervals, every seed for each sample", () => {
    const trials = random(200);
    expect(trials).toHaveLength(400);
    for (const { config } of trials) {
      expect(config.wait).toBeGreaterThanOrEqual(1e-3);
      expect(config.wait).toBeLessThanOrEqual(1);
      expect(Number.isInteger(config.steps)).toBe(true);
      expect([3.7, 3.8, 3.9]).toContain(config.rate);
    }
    expect(trials[0]!.config).toEqual({ ...trials[1]!.config, seed: 0 });
    // Uniform in the logarithm: the median is the geometric mean 0.0316; the standard error of the log10 mean is 0.061.
    const mean = trials.reduce((sum, { config }) => sum + Math.log10(config.wait as number), 0) / trials.length;
    expect(Math.abs(mean + 1.5)).toBeLessThan(4 * 0.061);
  });

  it("keeps its draws when there are more, or another axis", () => {
    const few = random(5).map(({ config }) => config.wait);
    expect(
      random(50)
        .slice(0, 10)
        .map(({ config }) => config.wait),
    ).toEqual(few);
    expect(random(5, ["label=a,b", "wait=log:1e-3:1", "seed=0:2"]).map(({ config }) => config.wait)).toEqual(few);
  });
});

describe("ASHA", () => {
  const search: Search = {
    kind: "asha",
    samples: 54,
    seed: 1,
    metric: "sum",
    mode: "min",
    budget: { key: "steps", min: 10, max: 90 },
    eta: 3,
  };
  const of = spec(["rate=lin:3.5:4", "seed=0:2"], search);
  // The best rate is 3.7; a large budget sees it more sharply.
  const score = ({ config }: PlannedTrial) =>
    Math.abs((config.rate as number) - 3.7) + 0.01 / (config.steps as number) + 1e-4 * (config.seed as number);

  it("gives the same trials however late and in whatever order results arrive", () => {
    const eager = play(of, score, 0);
    for (const delay of [1, 7, 1000]) expect(play(of, score, delay).map(({ id }) => id)).toEqual(eager.map(({ id }) => id));
  });

  it("promotes the best third of each rung and ends with the best of all at the largest budget", () => {
    const trials = play(of, score, 3);
    const rung = (steps: number) => trials.filter(({ config }) => config.steps === steps);
    expect(rung(10)).toHaveLength(2 * 54);
    // A third of the bottom rung; promotions made early on may turn out not to be in the final third.
    expect(rung(30).length).toBeGreaterThanOrEqual(2 * 18);
    expect(rung(30).length).toBeLessThan(2 * 30);
    expect(rung(90).length).toBeGreaterThanOrEqual(2 * 6);
    const best = (among: PlannedTrial[]) =>
      [...among].sort((a, b) => Math.abs((a.config.rate as number) - 3.7) - Math.abs((b.config.rate as number) - 3.7))[0]!.config.rate;
    expect(best(rung(90))).toBe(best(rung(10)));
  });

  it("never promotes a sample one of whose seeds failed", () => {
    const trials = play(of, (trial) => (trial.config.seed === 1 && (trial.config.rate as number) < 3.8 ? null : score(trial)), 3);
    for (const { config } of trials) if ((config.steps as number) > 10) expect(config.rate).toBeGreaterThanOrEqual(3.8);
  });
});
