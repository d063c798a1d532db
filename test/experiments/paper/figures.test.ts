import { describe, expect, it } from "vitest";
import type { OkRecord, Trial } from "../../../lib/experiments/executor.js";
import { figures, judge, Results, type Settings } from "../../../lib/experiments/paper/index.js";
import { rate } from "../../../lib/experiments/paper/representation.js";
import { experimentById } from "../../../lib/experiments/registry.js";
import { toSvg } from "../../../lib/report/index.js";

// Records made up by a rule instead of by running the trials: a world in which the paper is right, and ones in which it is not.
type World = (trial: Trial) => Pick<OkRecord, "metrics" | "series">;
const settings: Settings = { quick: true, seed: 3 };

function inhabit(world: World): Results {
  const results = new Results();
  for (;;) {
    const wanted = figures.flatMap((figure) => figure.plan(settings, results)).filter((trial) => !results.has(trial));
    if (wanted.length === 0) return results;
    for (const trial of wanted) {
      results.add({ ...trial, ...world(trial), status: "ok", timing: { seconds: 1, cpuSeconds: 1 } });
    }
  }
}

function verdicts(world: World): Record<string, string> {
  const results = inhabit(world);
  return Object.fromEntries(
    figures.flatMap((figure) => figure.claims.map((claim) => [claim.id, judge(figure, claim, settings, results).verdict])),
  );
}

/** How fast a method finds the subspace: steps to distance 0.1 at its best rate. */
type Speed = (method: string, cond: number) => number;

function representation({ config }: Trial, speed: Speed): Pick<OkRecord, "metrics" | "series"> {
  const { optimizer, batchNorm, cond, lr, steps, seed } = config as Record<string, number> & { optimizer: string; batchNorm: string };
  const method = batchNorm === "none" ? optimizer : "batch norm";
  // The best rate is 0.03 for all; others are slower by their ratio.
  const oneStep = method === "kfac-stylised" && lr === 1 && speed === paper;
  const needed = oneStep ? 1 : speed(method, cond!) * Math.exp(Math.abs(Math.log(lr! / 0.03))) * (1 + 0.01 * (seed! % 7));
  const distanceAt = (step: number) => Math.max(10 ** -(step / needed), 1e-4);
  const trainAt = (step: number) => (step === 0 ? 1 : method === "adam" ? 1e-5 : 1e-4 * (1 + distanceAt(step)));
  const shown = Array.from({ length: 11 }, (_, i) => (i * steps!) / 10);
  return {
    metrics: {
      "stepsTo0.1": needed <= steps! ? Math.ceil(needed) : null,
      finalDistance: distanceAt(steps!),
      finalTrainLoss: trainAt(steps!),
      finalTransferLoss: distanceAt(steps!) ** 2,
    },
    series: {
      step: shown,
      trainLoss: shown.map(trainAt),
      distance: shown.map(distanceAt),
      transferLoss: shown.map((step) => distanceAt(step) ** 2),
    },
  };
}

const paper: Speed = (method, cond) => {
  if (method === "kfac-stylised") return 8;
  if (method === "batch norm") return 1e5;
  return 40 * cond ** (method === "shampoo" ? 0.3 : method === "adam" ? 0.55 : 1);
};

const measured = (simulated: number, theory = simulated, standardError = 0.005 * simulated) => ({ simulated, standardError, theory });

function alignmentOf({ config }: Trial, options: { scale?: number; kfac?: (sgd: number) => number } = {}) {
  const { cond, damping, phi } = config as Record<string, number>;
  const sgd = 0.7 / (1 + 0.3 * Math.log10(cond!)) ** 1.5;
  const better = phi! > 1 && damping! < 0.5 ? 0.8 * sgd : 1.3 * sgd;
  const kfac = options.kfac?.(sgd) ?? better;
  return { metrics: { sgd: measured(sgd), kfac: measured(kfac * (options.scale ?? 1), kfac) }, series: {} };
}

function generalizationOf({ config }: Trial, order: readonly [number, number, number]) {
  const n = config.n as number;
  const [random, sgd, kfac] = order;
  const of = (excess: number) => ({ excess, standardError: 0.02 * excess });
  return { metrics: { randomFeatures: of(random), sgd: of(sgd * n ** -0.3), kfac: of(kfac * n ** -0.8) }, series: {} };
}

const world =
  (speed: Speed, alignment = (trial: Trial) => alignmentOf(trial), order: readonly [number, number, number] = [2, 2, 8]): World =>
  (trial) => {
    if (trial.experiment === "linear-representation") return representation(trial, speed);
    return trial.experiment === "single-index-alignment" ? alignment(trial) : generalizationOf(trial, order);
  };

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

  it("tune on one seed and show others, and extend a grid whose edge is best", () => {
    // The best rate of this world lies beyond the grid of Adam.
    const results = inhabit((trial) =>
      trial.experiment === "linear-representation" && trial.config.optimizer === "adam"
        ? representation({ ...trial, config: { ...trial.config, lr: (trial.config.lr as number) * 0.03 } }, paper)
        : world(paper)(trial),
    );
    const adam = figures[0]!.plan(settings, results).filter(({ config }) => config.optimizer === "adam" && config.cond === 10);
    const tuning = adam.filter(({ config }) => config.seed === 3000);
    const shown = adam.filter(({ config }) => config.seed !== 3000);
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
