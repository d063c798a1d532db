import { palette, type Style } from "../../report/theme.js";
import type { Trial } from "../executor.js";
import { median } from "../statistics.js";
import { type Results, type Settings, seedOf, trialOf } from "./figure.js";

/** A method as the figures of linear representation learning compare it. */
export interface Method {
  readonly label: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** First and last half decade of the grid of rates: 10^(first/2) … 10^(last/2). */
  readonly rates: readonly [number, number];
  /** Set when the grid must not be extended upwards. */
  readonly capped?: boolean;
  readonly style: Style;
}

export const methods = {
  kfac: {
    label: "KFAC",
    config: { optimizer: "kfac-stylised", sampling: "statistics" },
    // At rate 1 it arrives in a single step: the grid ends below, to its disadvantage, so that its descent can be seen.
    rates: [-4, -1],
    capped: true,
    style: { color: palette.vermillion, dash: [1, 0], shape: "circle" },
  },
  shampoo: {
    label: "Shampoo",
    config: { optimizer: "shampoo", sampling: "statistics" },
    rates: [-5, 0],
    style: { color: palette.purple, dash: [8, 3], shape: "diamond" },
  },
  adam: {
    label: "Adam",
    config: { optimizer: "adam", sampling: "statistics" },
    rates: [-7, -2],
    style: { color: palette.blue, dash: [6, 2, 2, 2], shape: "square" },
  },
  amgd: {
    label: "AMGD",
    config: { optimizer: "amgd", sampling: "statistics" },
    rates: [-6, -1],
    style: { color: palette.green, dash: [2, 2], shape: "triangle-up" },
  },
  sgd: {
    label: "SGD",
    config: { optimizer: "sgd", sampling: "statistics" },
    rates: [-6, -1],
    style: { color: palette.black, dash: [4, 4], shape: "cross" },
  },
  batchNorm: {
    label: "SGD + batch norm",
    config: { optimizer: "sgd", batchNorm: "hidden", sampling: "batch" },
    rates: [-5, 0],
    style: { color: palette.orange, dash: [10, 2, 2, 2], shape: "triangle-down" },
  },
} as const satisfies Record<string, Method>;

/** Methods that the figures past the paper's compare besides. */
export const moreMethods = {
  soap: {
    label: "SOAP",
    config: { optimizer: "soap", sampling: "statistics" },
    rates: [-6, -1],
    style: { color: palette.sky, dash: [3, 2], shape: "square" },
  },
  muon: {
    label: "Muon",
    config: { optimizer: "muon", sampling: "statistics" },
    rates: [-6, -1],
    style: { color: palette.orange, dash: [5, 2, 1, 2], shape: "triangle-up" },
  },
  shampooHalf: {
    label: "Shampoo −½, grafted, decaying",
    config: { optimizer: "shampoo", options: "p=2;graft=rms", schedule: "linear", sampling: "statistics" },
    rates: [-6, -1],
    style: { color: palette.purple, dash: [8, 3], shape: "diamond" },
  },
  sgdHidden: {
    label: "SGD, batch norm of z = Gx",
    config: { optimizer: "sgd", batchNorm: "hidden", sampling: "statistics" },
    rates: [-5, 0],
    style: { color: palette.orange, dash: [10, 2, 2, 2], shape: "triangle-down" },
  },
  sgdInput: {
    label: "SGD, batch norm of x",
    config: { optimizer: "sgd", batchNorm: "input", sampling: "statistics" },
    rates: [-6, -1],
    style: { color: palette.blue, dash: [6, 2], shape: "square" },
  },
  shampooHalfExact: {
    label: "Shampoo −½, 10⁶ examples per batch",
    config: { optimizer: "shampoo", options: "p=2;graft=rms", schedule: "linear", sampling: "statistics", n: 1_000_000 },
    rates: [-6, -1],
    style: { color: palette.purple, dash: [2, 2], shape: "cross" },
  },
  lbfgs: {
    label: "L-BFGS",
    config: { optimizer: "lbfgs", sampling: "statistics" },
    rates: [-4, 0],
    style: { color: palette.grey, dash: [1, 2], shape: "triangle-down" },
  },
} as const satisfies Record<string, Method>;

const allMethods = { ...methods, ...moreMethods };

export type MethodId = keyof typeof allMethods;

/** A method by its id. */
export const methodOf = (id: MethodId): Method => allMethods[id];

/** How far a grid may be extended on either side while the best rate lies at its edge, in half decades. */
const reach = 3;

/** 10^(index/2), written as 1 or 3 times a power of ten. */
export const rate = (index: number) => Number(`${index % 2 === 0 ? 1 : 3}e${Math.floor(index / 2)}`);

/** Sizes of the experiments on linear representations, in quick mode too: in fewer dimensions gradient methods do not stall for sure. */
export const problem = { d: 100, dy: 15, k: 8, n: 1024, noise: 0.01, steps: 1000 } as const;

/** Seeds over which medians and bands are taken. */
export const repeats = (settings: Settings) => (settings.quick ? 5 : 7);

/** The seeds over which a rate is chosen; none of them is shown. */
export const tuningSeeds = (settings: Settings) => Array.from({ length: settings.quick ? 1 : 3 }, (_, i) => 50 + i);

/** The seeds that are shown. */
export const shownSeeds = (settings: Settings) => Array.from({ length: repeats(settings) }, (_, i) => i + 1);

export function trial(settings: Settings, method: MethodId, cond: number, lr: number, seedIndex: number): Trial {
  return trialOf("linear-representation", {
    ...problem,
    cond,
    lr,
    ...methodOf(method).config,
    seed: seedOf(settings, seedIndex),
  });
}

/** Fewest steps to distance 0.1 first, then the smallest final distance (medians over seeds): smaller is better. */
function score(results: Results, trials: readonly Trial[]): [number, number] {
  const middle = (name: string) => median(metricOf(results, trials, name).map((value) => value ?? Number.POSITIVE_INFINITY));
  return [middle("stepsTo0.1"), middle("finalDistance")];
}

const better = (a: readonly [number, number], b: readonly [number, number]) => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** A method at its best rate for one condition number. */
export interface Tuned {
  /** Every trial known to be needed so far: the grid, then the trials at the best rate. */
  readonly plan: readonly Trial[];
  /** The best rate, once known. */
  readonly lr?: number;
  /** Whether it lies at the edge of the (extended) grid. */
  readonly atEdge?: boolean;
  /** The trials at that rate, one per seed. */
  readonly trials: readonly Trial[];
}

/**
 * Chooses a rate from a half-decade grid by trials with seeds of their own, extending the grid while the best lies at an
 * edge, and then asks for the trials at that rate with the seeds that are shown.
 * @param make the trial of a rate and the i-th seed
 */
export function tuneRate(
  settings: Settings,
  results: Results,
  make: (lr: number, seedIndex: number) => Trial,
  { rates: [first, last], capped, shown = shownSeeds(settings) }: Pick<Method, "rates" | "capped"> & { shown?: readonly number[] },
): Tuned {
  let [low, high] = [first, last];
  for (;;) {
    const lrs = Array.from({ length: high - low + 1 }, (_, i) => rate(low + i));
    const grid = lrs.map((lr) => tuningSeeds(settings).map((seed) => make(lr, seed)));
    if (!grid.flat().every((candidate) => results.has(candidate))) return { plan: grid.flat(), trials: [] };
    const scores = grid.map((trials) => score(results, trials));
    const best = scores.reduce((least, candidate, i) => (better(candidate, scores[least]!) ? i : least), 0);
    if (best === 0 && low > first - reach) low--;
    else if (best === grid.length - 1 && high < last + (capped ? 0 : reach)) high++;
    else {
      const lr = lrs[best]!;
      const trials = shown.map((seed) => make(lr, seed));
      return { plan: [...grid.flat(), ...trials], lr, atEdge: best === 0 || best === grid.length - 1, trials };
    }
  }
}

/** A method of the comparison at its best rate. */
export const tune = (settings: Settings, results: Results, method: MethodId, cond: number) =>
  tuneRate(settings, results, (lr, seed) => trial(settings, method, cond, lr, seed), methodOf(method));

/** Steps to distance 0.1 of every shown seed, each method at its best rate; infinite where it was not reached. */
export function stepsTo(settings: Settings, results: Results, method: MethodId, cond: number): number[] {
  return metricOf(results, tune(settings, results, method, cond).trials, "stepsTo0.1").map((steps) => steps ?? Number.POSITIVE_INFINITY);
}

/** A metric of every seed; null where it is undefined, was never reached, or the trial failed. */
export function metricOf(results: Results, trials: readonly Trial[], name: string): (number | null)[] {
  return trials.map((candidate) => {
    const value = results.get(candidate)?.metrics[name];
    return typeof value === "number" ? value : null;
  });
}
