import type { OkRecord, Trial } from "../../../lib/experiments/executor.js";
import { paperFigures, Results, type Settings } from "../../../lib/experiments/paper/index.js";

// Records made up by a rule instead of by running the trials: a world in which the paper is right, and ones in which it is not.
export type World = (trial: Trial) => Pick<OkRecord, "metrics" | "series">;
export const settings: Settings = { quick: true, seed: 3 };

export function inhabit(world: World): Results {
  const results = new Results();
  for (;;) {
    const wanted = paperFigures.flatMap((figure) => figure.plan(settings, results)).filter((trial) => !results.has(trial));
    if (wanted.length === 0) return results;
    for (const trial of wanted) {
      results.add({ ...trial, ...world(trial), status: "ok", timing: { seconds: 1, cpuSeconds: 1 } });
    }
  }
}

/** How fast a method finds the subspace: steps to distance 0.1 at its best rate. */
type Speed = (method: string, cond: number) => number;

export function representation({ config }: Trial, speed: Speed): Pick<OkRecord, "metrics" | "series"> {
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

export const paper: Speed = (method, cond) => {
  if (method === "kfac-stylised") return 8;
  if (method === "batch norm") return 1e5;
  return 40 * cond ** (method === "shampoo" ? 0.3 : method === "adam" ? 0.55 : 1);
};

const measured = (simulated: number, theory = simulated, standardError = 0.005 * simulated) => ({ simulated, standardError, theory });

export function alignmentOf({ config }: Trial, options: { scale?: number; kfac?: (sgd: number) => number } = {}) {
  const { cond, damping, phi } = config as Record<string, number>;
  const sgd = 0.7 / (1 + 0.3 * Math.log10(cond!)) ** 1.5;
  const better = phi! > 1 && damping! < 0.5 ? 0.8 * sgd : 1.3 * sgd;
  const kfac = options.kfac?.(sgd) ?? better;
  const simulated = kfac * (options.scale ?? 1);
  const advantage = { log: Math.log(simulated / sgd), standardError: 0.007 };
  return { metrics: { sgd: measured(sgd), kfac: measured(simulated, kfac), advantage }, series: {} };
}

export function generalizationOf({ config }: Trial, order: readonly [number, number, number]) {
  const n = config.n as number;
  const [random, sgd, kfac] = order;
  // What draws have in common scatters more than the methods differ: only a paired test can tell them apart.
  const of = (excess: number, own: number) => {
    const draws = Array.from({ length: 16 }, (_, i) => excess * (1 + 0.5 * Math.sin(i)) * (1 + 0.01 * Math.sin(own * i)));
    return { excess, standardError: 0.09 * excess, draws };
  };
  return { metrics: { randomFeatures: of(random, 2), sgd: of(sgd * n ** -0.3, 3), kfac: of(kfac * n ** -0.8, 5) }, series: {} };
}

export const world =
  (speed: Speed, alignment = (trial: Trial) => alignmentOf(trial), order: readonly [number, number, number] = [2, 2, 8]): World =>
  (trial) => {
    if (trial.experiment === "linear-representation") return representation(trial, speed);
    return trial.experiment === "single-index-alignment" ? alignment(trial) : generalizationOf(trial, order);
  };
