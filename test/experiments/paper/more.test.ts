import { describe, expect, it } from "vitest";
import type { OkRecord, Trial } from "../../../lib/experiments/executor.js";
import { allFigures, judge, Results, type Settings } from "../../../lib/experiments/paper/index.js";
import { essentialFigures, moreFigures as otherFigures } from "../../../lib/experiments/paper/more/index.js";
import { experimentById } from "../../../lib/experiments/registry.js";
import { toSvg } from "../../../lib/report/index.js";

const moreFigures = [...essentialFigures, ...otherFigures];
const settings: Settings = { quick: true, seed: 3, all: true };
type World = (trial: Trial) => OkRecord["metrics"];

// Records made up by a rule instead of by running the trials.
function inhabit(world: World): Results {
  const results = new Results();
  for (;;) {
    const wanted = moreFigures.flatMap((figure) => figure.plan(settings, results)).filter((trial) => !results.has(trial));
    if (wanted.length === 0) return results;
    for (const trial of wanted) {
      const decay = [1, 0.5, 0.25, 0.125];
      const errors = { train: decay, shifted: decay, corrupted: decay, transfer: decay };
      const series = { step: [0, 8, 16, 24], theory: decay, simulated: decay, floor: decay.map(() => 0.2), ...errors };
      results.add({ ...trial, metrics: world(trial), series, status: "ok", timing: { seconds: 1, cpuSeconds: 1 } });
    }
  }
}

const verdicts = (world: World) => {
  const results = inhabit(world);
  return Object.fromEntries(
    moreFigures.flatMap((figure) => figure.claims.map((claim) => [claim.id, judge(figure, claim, settings, results).verdict])),
  );
};

/** Eight draws around a value. */
const around = (value: number) => ({ draws: Array.from({ length: 8 }, (_, i) => value * (1 + 0.01 * (i % 3))) });
/** Eight excess errors whose common scatter is larger than what they differ by. */
const excess = (value: number) => ({
  excess: value,
  standardError: 0.3 * value,
  draws: Array.from({ length: 8 }, (_, i) => value + 0.1 * Math.sin(i)),
});
const advantage = (log: number) => ({ log, standardError: 0.01 });
const cosine = (simulated: number, theory = simulated) => ({ simulated, standardError: 0.01 * simulated, theory });

/** As the theory has it; `change` turns the world over. */
const world =
  (change: Partial<Record<string, (trial: Trial) => OkRecord["metrics"]>> = {}): World =>
  (trial): OkRecord["metrics"] => {
    const own = change[trial.experiment];
    if (own) return own(trial);
    const c = trial.config as Record<string, number> &
      Record<"method" | "optimizer" | "fisher" | "batchNorm" | "beta" | "statistics", string>;
    switch (trial.experiment) {
      case "linear-representation": {
        if (c.batchNorm !== "none") return { "stepsTo0.1": null, finalDistance: 0.5, finalTrainLoss: 1, finalTransferLoss: 1 };
        if (c.optimizer === "dfw")
          return { "stepsTo0.1": c.tasks! > 1 ? 20 : 20 * c.condF!, finalDistance: 0.01, finalTrainLoss: 1, finalTransferLoss: 1 };
        if (["adam", "soap", "muon", "sgd", "amgd", "shampoo", "lbfgs"].includes(c.optimizer)) {
          const half = String(c.options).includes("p=2");
          const slow = half ? (c.n! > 1e5 ? 0 : 0.02) : c.optimizer === "sgd" || c.optimizer === "amgd" ? 1 : 0.5;
          const own = 0.03 / c.cond! ** (slow / 2); // the best rate
          const needed = (c.optimizer === "soap" ? 20 : 40) * c.cond! ** slow * Math.exp(Math.abs(Math.log(c.lr! / own)));
          const steps = needed < 1000 ? Math.round(needed) : null;
          return { "stepsTo0.1": steps, finalDistance: steps === null ? 1 : 0.01, finalTrainLoss: 1, finalTransferLoss: 1 };
        }
        const whole = c.fisher === "exact" && c.damping! < 0.1 ? 5 : 60;
        const needed = c.optimizer === "gauss-newton" ? whole : 8;
        return {
          "stepsTo0.1": needed + (c.seed! % 2),
          finalDistance: c.fisher === "empirical" ? 0.5 : 0.01,
          finalTrainLoss: 1e-4,
          finalTransferLoss: 1e-4,
        };
      }
      case "single-index-alignment": {
        const kfac =
          c.damping! >= 0.1 * c.phi! && c.damping! > 0.05 ? (c.phi === 2 && c.damping! < 1 ? 0.2 : 0.4) : c.phi! < 0.3 ? 0.4 : 0.15;
        if (c.statistics === "separate") return { sgd: cosine(0.3), kfac: cosine(kfac / 2), advantage: advantage(Math.log(kfac / 0.6)) };
        const placed = c.beta === "isotropic" ? kfac : c.beta === "top" ? 0.2 : 0.6;
        return { sgd: cosine(0.3), kfac: cosine(placed), advantage: advantage(Math.log(placed / 0.3)) };
      }
      case "single-index-rank-one": {
        const error = { operator: around((1 + c.d! / c.n!) / Math.sqrt(c.d!)) };
        return { sgd: error, kfac: error };
      }
      case "kfac-angle":
        return {
          recursion: 0.03,
          logs: around(0.03).draws,
          identity: 1e-12,
          floor: { mean: 1, standardError: 0.01 },
          theoryFloor: 1e-3 * c.cond! ** 0.25,
        };
      case "single-index-generalization":
        return { randomFeatures: excess(2), sgd: excess(0.2 + 0.1 * Math.min(2, Math.log10(c.cond!))), kfac: excess(0.1) };
      case "single-index-steps": {
        const spikes = c.exponent! <= 0 ? 0 : 20 * c.exponent! ** 2;
        const excess = ((c.exponent! <= 0 ? 1 : 0.5) * (c.method === "kfac" ? 0.6 : 1)) / c.steps!;
        return { spikes: around(spikes), excess: around(excess), alignment: around(c.method === "kfac" ? 0.6 : 0.3) };
      }
      case "local-rates":
        return { radius: 0.9, deviation: 0.03, standardErrors: 0 };
      case "covariance-power":
        return {
          alignment: cosine(0.4 - 0.2 * c.power!),
          train: { ...around(1 + 0.5 * c.power!), excess: Math.abs(Math.log(c.stepRms! / 3)) },
          shifted: around(1 + 0.5 * c.power!),
          corrupted: around(1),
          transfer: around(1 + 0.5 * c.power!),
        };
      case "covariance-power-steps": {
        const error = around(1 + 0.5 * c.power! + Math.abs(Math.log(c.stepRms! / 0.1))).draws;
        return { train: error, shifted: error, corrupted: error, transfer: error, settled: error.map(() => 1), alignment: error };
      }
      case "multi-index":
        return { sgd: around(0.7), kfac: around(20 / Math.sqrt(c.n!)), sgdLimit: 0.7 };
      case "matrix-sensing":
        return { "stepsTo0.001": (c.method === "gd" ? 20 * c.cond! : 20) + (c.seed! % 2) };
      default:
        throw new Error(trial.experiment);
    }
  };

describe("claims past the paper's figures", () => {
  it("get the verdicts of a world that follows the theory", () => {
    expect(verdicts(world())).toMatchObject({
      "kfac-loses-beyond-bound": "holds",
      "generalization-gap-condition-number": "holds partly",
      "features-need-long-steps": "holds",
      "local-rates-schur": "holds",
      "full-second-order-underperforms": "holds partly",
      "gauss-newton-needs-small-damping": "holds",
      "kfac-empirical-fisher-fails": "holds",
      "muon-undoes-half": "holds",
      "half-power-with-graft": "holds",
      "half-power-noise": "holds",
      "kfac-one-rate-fits-all": "holds",
      "muon-soap-against-adam": "holds partly",
      "whitening-generalises": "holds partly",
      "power-alignment-theory": "holds",
      "whitening-generalises-converged": "holds",
      "multi-index-subspace": "holds",
      "scaled-gd-flat": "holds",
      "kfac-identity": "holds",
      "angle-recursion": "holds",
      "noise-floor": "holds",
      "output-side-matters": "holds",
      "batch-norm-hidden-or-input": "holds",
      "input-law-does-not-matter": "holds",
      "whitening-per-task": "holds",
      "advantage-depends-on-direction": "holds",
      "direction-theory": "holds",
      "same-batch-aligns-better": "holds",
      "first-step-rank-one": "holds",
      "kfac-several-steps": "holds",
    });
  });

  it("do not hold where things are the other way round", () => {
    // KFAC's best rate falls with the condition number, it slows down with that of F*, the law of the inputs matters, and whitening per
    // task and the power −½ are what slows down; all else takes 8 steps.
    const flat = ({ config }: Trial) => {
      const { optimizer, lr, cond, condF, steps, damping, tasks, inputs, options } = config as Record<string, number> & {
        optimizer: string;
        inputs: string;
      };
      // Gauss-Newton is fast at a damping in between only.
      if (optimizer === "gauss-newton" && damping !== 1e-3)
        return { "stepsTo0.1": 30, finalDistance: 0.1, finalTrainLoss: 1, finalTransferLoss: 1 };
      const kfac = optimizer === "kfac-stylised" && steps === 1000;
      const shifting = kfac ? Math.round(100 * Math.abs(Math.log10(lr! * Math.sqrt(cond!)))) : 0;
      const slower =
        (kfac ? Math.max(1, condF!) : 1) *
        (inputs === "rademacher" ? 3 : 1) *
        ((optimizer === "dfw" && tasks! > 1) || String(options).includes("p=2") ? cond! : 1);
      return { "stepsTo0.1": slower * (8 + shifting), finalDistance: 0.1, finalTrainLoss: 1, finalTransferLoss: 1 };
    };
    const found = verdicts(
      world({
        "linear-representation": flat,
        "single-index-alignment": ({ config }) => ({
          sgd: cosine(0.3),
          kfac: cosine(0.4, 0.6),
          advantage: advantage(config.beta === "bottom" ? -0.3 : 0.3),
        }),
        "single-index-rank-one": ({ config }) => {
          const error = { operator: around((config.n as number) * (config.hidden as number)) };
          return { sgd: error, kfac: error };
        },
        "kfac-angle": () => ({
          recursion: 0.5,
          logs: around(0.5).draws,
          identity: 0.1,
          floor: { mean: 2, standardError: 0.01 },
          theoryFloor: 1,
        }),
        "single-index-generalization": () => ({
          randomFeatures: excess(2),
          sgd: excess(0.3),
          kfac: excess(0.2),
        }),
        "single-index-steps": () => ({ spikes: around(3), excess: around(1), alignment: around(0.5) }),
        "local-rates": () => ({ radius: 0.9, deviation: 0.5, standardErrors: 9 }),
        "covariance-power": ({ config }) => {
          const same = around(1 - 0.3 * (config.power as number));
          return { alignment: cosine(0.5, 0.6), train: same, shifted: same, corrupted: same, transfer: same };
        },
        "covariance-power-steps": ({ config }) => {
          const { draws } = around(1 - 0.3 * (config.power as number));
          return { train: draws, shifted: draws, corrupted: draws, transfer: draws, settled: draws.map(() => 1), alignment: draws };
        },
        "multi-index": () => ({ sgd: around(0.5), kfac: around(0.6), sgdLimit: 0.5 }),
        "matrix-sensing": ({ config }) => ({ "stepsTo0.001": config.method === "gd" ? 30 : 20 * (config.cond as number) }),
      }),
    );
    expect(new Set(Object.values(found))).toEqual(new Set(["does not hold"]));
  });

  it("are not judged without data", () => {
    for (const figure of moreFigures) {
      for (const claim of figure.claims) expect(judge(figure, claim, settings, new Results()).verdict).toBe("not measured");
    }
  });

  it("have ids of their own, and say what their test is and what would contradict the figure", () => {
    const claims = allFigures.flatMap((figure) => figure.claims);
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
    for (const claim of claims) expect(claim.test).toMatch(/^Holds if .* partly/s);
    for (const { caption } of moreFigures) expect(caption).toMatch(/[Ss]ee .*(contradict|limit)/s);
  });
});

describe("figures past the paper's", () => {
  it("ask for valid trials whose seeds derive from the given one, are drawn without a gap, and have full tables", async () => {
    const results = inhabit(world());
    for (const figure of moreFigures) {
      for (const { experiment, config } of figure.plan(settings, results)) {
        expect(experimentById(experiment).schema.safeParse(config).success).toBe(true);
        expect(Math.floor((config.seed as number) / 1000)).toBe(settings.seed);
      }
      for (const layout of ["wide", "narrow"] as const) {
        expect(await toSvg(figure.draw(settings, results, layout))).not.toMatch(/NaN|undefined|Infinity/);
      }
      const { header, rows } = figure.table(settings, results);
      for (const row of rows) expect(row).toHaveLength(header.length);
    }
  });
});
