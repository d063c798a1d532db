import { z } from "zod";
import type { Real } from "../../linalg/matrix.js";
import { count, flag, positive, unit, withDefault } from "../options.js";
import { isVector } from "../parameters.js";
import { defaultPolicy, type FactorPolicy } from "../policy.js";
import { adam } from "../stages/adam.js";
import type { Axes, AxisConfig } from "../stages/kronecker.js";
import type { Parameter, Stage } from "../types.js";

/** Options of the factors, shared by every Kronecker method; a method overrides the defaults it needs. */
export const factorShape = {
  beta: unit(0.95, "averaging factor β of the statistics"),
  statistics: z
    .enum(["ema", "sum", "batch"])
    .default("ema")
    .describe("average of the statistics: βA + (1−β)S, A + S, or S of this batch alone"),
  biasCorrection: flag(true, "divide an average that started at zero by 1 − β^t"),
  firstBatchStart: flag(false, "start the average at the first statistic"),
  relativeTo: z.enum(["trace", "max"]).nullable().default(null).describe("damping in units of tr(A)/d or of λ_max; null: absolute"),
  dampingFloor: positive(0, "least absolute damping"),
  spectrum: z
    .enum(["add", "clip", "pseudo-inverse"])
    .default("add")
    .describe("what damping c does to an eigenvalue: λ + c, max(λ, c), or drop λ ≤ c"),
  root: z
    .enum(["auto", "eigh", "cholesky", "coupled-newton", "warm"])
    .default("auto")
    .describe(
      "how roots are computed; coupled-newton: products only, eigh where it does not converge; warm: first-order updates of an earlier eigendecomposition, guarded by an error estimate",
    ),
  every: z.number().int().positive().default(1).describe("refresh roots and bases every so many steps (at first at steps 1, 2, 4, …)"),
  lag: z.int().nonnegative().default(0).describe("refresh on the thread pool, taking effect so many steps later (0: at once)"),
  rootTolerance: z.number().min(0).max(1).default(1e-3).describe("error bound of warm roots"),
  change: positive(0, "refresh only when a factor changed relatively by more than this since the last time"),
  maxDim: count(8192, "longest axis that is preconditioned; a longer one is left alone"),
};

const { relativeTo, dampingFloor, spectrum, root, rootTolerance, ...undamped } = factorShape;

/** Options of factors of which only the eigenvectors are asked for: they are neither damped nor inverted. */
export const basisShape = {
  ...undamped,
  every: withDefault(factorShape.every, 10),
  basis: z.enum(["qr", "eigh"]).default("qr").describe("refresh a basis by one QR step from the last one, or exactly"),
  maxDim: withDefault(factorShape.maxDim, 2048),
};

/** Both sides, but not an axis longer than `maxDim` (unless its statistic is a diagonal), nor with `oneSided` the longer axis. */
export function chooseAxes({ left, right }: Axes, maxDim: number, oneSided = false): (parameter: Parameter<Real>) => Axes {
  const all: Axes[] = [
    { left: null, right: null },
    { left, right: null },
    { left: null, right },
    { left, right },
  ];
  return (parameter) => {
    const { rows, cols } = parameter.value;
    const fits = (axis: AxisConfig | null, dim: number) => dim <= maxDim || axis?.source.diagonal?.(parameter) === true;
    const useLeft = fits(left, rows) && !(oneSided && rows > cols);
    const useRight = fits(right, cols) && !(oneSided && cols >= rows);
    return all[(useLeft ? 1 : 0) + (useRight ? 2 : 0)]!;
  };
}

/** The options of {@link factorShape}, checked. */
export type FactorOptions = { [K in keyof typeof factorShape]: z.output<(typeof factorShape)[K]> };

/** The policy these options describe, with the given damping value; what is left out is as in {@link defaultPolicy}. */
export function factorPolicy(o: Partial<FactorOptions>, damping: number): FactorPolicy {
  const { average, beta, biasCorrection, firstBatchStart, root, every, lag, change, tolerance, damping: spectral } = defaultPolicy;
  return {
    average: o.statistics ?? average,
    beta: o.beta ?? beta,
    biasCorrection: o.biasCorrection ?? biasCorrection,
    firstBatchStart: o.firstBatchStart ?? firstBatchStart,
    damping: {
      value: damping,
      relativeTo: o.relativeTo ?? spectral.relativeTo,
      floor: o.dampingFloor ?? spectral.floor,
      spectrum: o.spectrum ?? spectral.spectrum,
    },
    root: o.root ?? root,
    every: o.every ?? every,
    lag: o.lag ?? lag,
    change: o.change ?? change,
    tolerance: o.rootTolerance ?? tolerance,
  };
}

/** Vectors (1×n, n×1) go to Adam at the rate `vectorLr`. */
export const adamForVectors = { applies: isVector, chain: (): Stage[] => [adam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })] };
