import { z } from "zod";
import type { Real } from "../../linalg/matrix.js";
import { Curvature, type CurvatureProvider } from "../curvature.js";
import { Factor } from "../factor.js";
import { Flat, WholeOptimizer } from "../flat.js";
import { adaptiveDamping, defaultDampingRule } from "../levenberg-marquardt.js";
import { defineMethod } from "../method.js";
import { ChainOptimizer } from "../optimizer.js";
import { count, flag, positive, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { outputGradients } from "../sources.js";
import { gramian } from "../stages/gramian.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import type { Optimizer, Parameter, Stage, Statistic } from "../types.js";
import { type FactorOptions, factorPolicy, factorShape } from "./shared.js";

/** Longest side of a matrix: beyond, it has more than 2³⁰ elements. */
const LONGEST = 2 ** 15;
/** Up to here C itself is cheap enough. */
const FEW_WEIGHTS = 2 ** 12;

const { maxDim: _, ...ownFactorShape } = factorShape; // one factor over everything, or nothing

/**
 * Gauss-Newton and natural gradient over all parameters at once (Martens 2020, arXiv 1412.1193): δ = −η (C + λI)^{-1} g with
 * C = E[Jᵀ H J] (`exact`, the generalised Gauss-Newton matrix) or E[∇ℓ ∇ℓᵀ] over sampled labels or the data's. One factor
 * over the flattened weights: averaging, guards and Levenberg–Marquardt damping (with `adaptive`; a step that raises the
 * loss is taken back, as Marquardt 1963 does and Nocedal & Wright 2006, Algorithm 4.1) are those of the other methods. C is
 * P×P, so that is for small nets. Of one batch, C = s·BᵀB has only as many rows as there are examples (`exact`: times outputs), and
 * where the model can tell B's Gramian without writing B down (see {@link CurvatureProvider.rows}) the same δ costs a
 * factorization of that (`form: "gramian"`), whatever the number of weights.
 */
export const gaussNewton = defineMethod({
  id: "gauss-newton",
  title: "Gauss-Newton / natural gradient",
  reference: "Martens 2020, arXiv 1412.1193; Amari 1998",
  shape: {
    ...ownFactorShape,
    statistics: withDefault(factorShape.statistics, "batch"),
    lr: positive(1, "learning rate η"),
    // Full steps (η = 1) far from a minimum leave the region where the quadratic model holds when λ is small.
    damping: positive(0.1, "λ added to C"),
    momentum: positive(0, "heavy-ball factor on the direction"),
    fisher: z
      .enum(["exact", "sampled", "empirical"])
      .default("exact")
      .describe("C from output Hessians, from sampled labels, or from the data's labels"),
    adaptive: flag(false, "adapt λ by the reduction ratio (Levenberg–Marquardt); step(closure) then"),
    period: count(1, "adapt λ every so many steps"),
    omega: z.number().gt(0).lt(1).default(defaultDampingRule.omega).describe("λ changes by ω^period"),
    reject: flag(true, "with adaptive: take a step back that raised the batch's loss, and quadruple λ (of the steps at which λ adapts)"),
    form: z
      .enum(["auto", "weights", "gramian"])
      .default("auto")
      .describe(
        `what is factorized: C, with a side of all weights, or the Gramian of the batch's rows; auto: the Gramian beyond ${FEW_WEIGHTS} weights where it can be (statistics "batch", every 1, root "auto" or "cholesky", no lag, change, spectrum or relativeTo "max", a provider with rows)`,
      ),
    provider: z
      .custom<CurvatureProvider>(
        (p) => typeof p === "object" && p !== null && "jacobian" in p,
        "expected a CurvatureProvider {outputs, jacobian()}",
      )
      .describe("gives the Jacobian of the outputs"),
  },
  create(parameters, o): Optimizer {
    const controller = o.adaptive
      ? adaptiveDamping(o.damping, { ...defaultDampingRule, omega: o.omega, period: o.period, reject: o.reject })
      : null;
    if (controller && (o.relativeTo !== null || o.dampingFloor !== 0))
      throw new TypeError('gauss-newton: option "adaptive" finds λ itself: no "relativeTo", no "dampingFloor"');
    const flat = new Flat(parameters);
    const optimizer = (stages: Stage[], parameter: Parameter<Real>) => {
      const chain = [...stages, momentum({ mu: o.momentum })];
      return new WholeOptimizer(
        new ChainOptimizer("gauss-newton", [{ chain, parameters: [parameter], lr: o.lr, decay: o.decay }], o, controller),
        flat,
      );
    };
    const weights: Parameter<Real> = { name: "all", value: flat.value, gradient: flat.gradient };
    const obstacle = gramianObstacle(o);
    if (o.form === "gramian" && obstacle) throw new TypeError(`gauss-newton: form "gramian" needs ${obstacle}`);
    if (o.form === "gramian" || (o.form === "auto" && !obstacle && flat.size > FEW_WEIGHTS)) {
      const rows = () => o.provider.rows!(o.fisher, LONGEST);
      const relative = o.relativeTo === "trace";
      const damping = (mean: number) => (relative && mean === 0 ? 0 : Math.max(relative ? o.damping * mean : o.damping, o.dampingFloor));
      return optimizer([gramian({ rows, damping, adaptive: controller })], weights);
    }
    if (flat.size > LONGEST) {
      const gigabytes = Math.round(flat.size ** 2 * flat.value.data.BYTES_PER_ELEMENT * 2 ** -30);
      throw new RangeError(
        `gauss-newton: the curvature of ${flat.size} weights is a matrix of ${gigabytes} GiB, several of which are needed; it is for at most ${LONGEST}. ` +
          `Form "gramian" has no such limit, but needs ${obstacle ?? "to be chosen"}; lbfgs and kfac are for more, too`,
      );
    }
    const curvature = new Curvature(o.provider, o.fisher, flat.size);
    const all: Parameter<Real> = {
      ...weights,
      get outputGradients(): Statistic {
        return curvature.statistic();
      },
    };
    const left = {
      // The provider has no batch yet when states are made: it must not be asked.
      source: { ...outputGradients, available: () => true, diagonal: () => false },
      factor: new Factor("left", inverseRootSolver(1), factorPolicy(o, o.damping)),
    };
    return optimizer([kronecker({ left, right: null }, { split: controller })], all);
  },
});

/** What stands in the way of the Gramian form, as what it needs; null: nothing. */
function gramianObstacle(
  o: Pick<FactorOptions, "statistics" | "every" | "lag" | "change" | "root" | "spectrum" | "relativeTo"> & { provider: CurvatureProvider },
): string | null {
  if (o.statistics !== "batch") return 'statistics: "batch", as an average over batches has too many rows';
  if (o.every !== 1 || o.lag !== 0 || o.change !== 0) return "every: 1, lag: 0 and change: 0, as the rows are those of this batch";
  if (o.root !== "auto" && o.root !== "cholesky") return 'root: "auto" or "cholesky", which is how the Gramian is factorized';
  if (o.spectrum !== "add" || o.relativeTo === "max") return 'spectrum: "add" and no relativeTo: "max", as it knows no eigenvalues';
  if (!o.provider.rows) return "a provider with rows(), which knows its Gramian";
  return null;
}
