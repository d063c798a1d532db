import { describe, expect, it } from "vitest";
import { paperFigures as figures, judge } from "../../../lib/experiments/paper/index.js";
import { rate } from "../../../lib/experiments/paper/representation.js";
import { experimentById } from "../../../lib/experiments/registry.js";
import { toSvg } from "../../../lib/report/index.js";
import { alignmentOf, inhabit, paper, representation, settings, type World, world } from "./world.js";

function verdicts(world: World): Record<string, string> {
  const results = inhabit(world);
  return Object.fromEntries(
    figures.flatMap((figure) => figure.claims.map((claim) => [claim.id, judge(figure, claim, settings, results).verdict])),
  );
}

describe("claims", () => {
  it("hold in a world where the paper is right", () => {
    const found = verdicts(world(paper));
    expect(found).toEqual({
      "transfer-follows-distance": "holds",
      "low-train-poor-transfer": "holds",
      "batch-norm-does-not-repair": "holds",
      "alignment-theory": "holds",
      "sgd-alignment-declines": "holds",
      "kfac-optimal-damping-better": "holds",
      "kfac-always-better": "holds partly",
      "kfac-steps-flat": "holds",
      "kfac-one-step": "holds",
      "gradient-methods-stall": "holds",
      "adam-slows": "holds",
      "quarter-power-undoes-half": "holds",
      "generalization-order": "holds",
      "generalization-gap-grows": "holds",
    });
  });

  it("do not hold where KFAC slows down like the others", () => {
    const found = verdicts(world((method, cond) => (method === "kfac-stylised" ? 8 * cond : paper(method, cond))));
    expect(found["kfac-steps-flat"]).toBe("does not hold");
    expect(found["adam-slows"]).toBe("does not hold");
    expect(found["kfac-one-step"]).toBe("does not hold");
    expect(found["low-train-poor-transfer"]).toBe("does not hold");
    const slightly = verdicts(world((method, cond) => (method === "kfac-stylised" ? 8 * cond ** 0.15 : paper(method, cond))));
    expect(slightly["kfac-steps-flat"]).toBe("holds partly");
  });

  it("do not hold where gradient descent and batch norm arrive", () => {
    const found = verdicts(world((method) => (method === "kfac-stylised" ? 8 : 100)));
    expect(found["gradient-methods-stall"]).toBe("does not hold");
    expect(found["batch-norm-does-not-repair"]).toBe("does not hold");
    expect(found["quarter-power-undoes-half"]).toBe("holds partly");
  });

  it("do not hold where simulation and theory differ, or the order of methods is another", () => {
    const off = verdicts(world(paper, (trial) => alignmentOf(trial, { scale: 1.06 })));
    expect(off["alignment-theory"]).toBe("does not hold");
    const worse = verdicts(world(paper, (trial) => alignmentOf(trial, { kfac: (sgd) => 0.9 * sgd })));
    expect(worse["kfac-optimal-damping-better"]).toBe("does not hold");
    expect(worse["kfac-always-better"]).toBe("does not hold");
    const reversed = verdicts(world(paper, undefined, [1e-3, 2, 1000]));
    expect(reversed["generalization-order"]).toBe("does not hold");
  });

  it("are not measured when a trial of the figure has failed", () => {
    const results = inhabit(world(paper));
    const figure = figures[0]!;
    const { id, experiment, config } = figure.plan(settings, results)[0]!;
    results.add({ id, experiment, config, status: "failed", error: "out of memory" });
    const plan = figure.plan(settings, results);
    for (const trial of plan) {
      if (!results.has(trial)) results.add({ ...trial, ...world(paper)(trial), status: "ok", timing: { seconds: 1, cpuSeconds: 1 } });
    }
    expect(judge(figure, figure.claims[0]!, settings, results)).toMatchObject({ verdict: "not measured" });
  });

  it("have ids of their own and say what their test is", () => {
    const claims = figures.flatMap((figure) => figure.claims);
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
    for (const claim of claims) expect(claim.test).toMatch(/^Holds if .* partly/);
  });
});

describe("figures", () => {
  it("ask for valid trials whose seeds all derive from the given one", () => {
    const results = inhabit(world(paper));
    for (const figure of figures) {
      for (const trial of figure.plan(settings, results)) {
        const { success } = experimentById(trial.experiment).schema.safeParse(trial.config);
        expect(success).toBe(true);
        expect(Math.floor((trial.config.seed as number) / 1000)).toBe(settings.seed);
      }
    }
  });

  it("tune on some seeds and show others, and extend a grid whose edge is best", () => {
    // The best rate of this world lies beyond the grid of Adam.
    const results = inhabit((trial) =>
      trial.experiment === "linear-representation" && trial.config.optimizer === "adam"
        ? representation({ ...trial, config: { ...trial.config, lr: (trial.config.lr as number) * 0.03 } }, paper)
        : world(paper)(trial),
    );
    const adam = figures[0]!.plan(settings, results).filter(({ config }) => config.optimizer === "adam" && config.cond === 10);
    const tuning = adam.filter(({ config }) => config.seed === 3050);
    const shown = adam.filter(({ config }) => config.seed !== 3050);
    expect(Math.max(...tuning.map(({ config }) => config.lr as number))).toBe(3);
    expect(new Set(shown.map(({ config }) => config.lr))).toEqual(new Set([1]));
    expect(shown.length).toBeGreaterThanOrEqual(3);
  });

  it("are drawn for wide and narrow pages from the records, with tables as wide as their heads", async () => {
    const results = inhabit(world(paper));
    for (const figure of figures) {
      for (const layout of ["wide", "narrow"] as const) {
        const svg = await toSvg(figure.draw(settings, results, layout));
        expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      }
      const { header, rows } = figure.table(settings, results);
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row).toHaveLength(header.length);
    }
  });
});

describe("rate", () => {
  it("walks half decades as 1 and 3", () => {
    expect([-4, -3, -2, -1, 0, 1].map(rate)).toEqual([0.01, 0.03, 0.1, 0.3, 1, 3]);
  });
});
