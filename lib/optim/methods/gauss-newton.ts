import { z } from "zod";
import { gemm } from "../../linalg/index.js";
import { Matrix, type Real } from "../../linalg/matrix.js";
import { Factor } from "../factor.js";
import { Flat, WholeOptimizer } from "../flat.js";
import { defaultDampingRule, kroneckerDamping } from "../levenberg-marquardt.js";
import { defineMethod } from "../method.js";
import { ChainOptimizer } from "../optimizer.js";
import { count, flag, positive, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { outputGradients } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import type { Optimizer, Parameter, Statistic } from "../types.js";
import { factorPolicy, factorShape } from "./shared.js";

/** What full second order needs of a model, at the weights and batch of the last gradient. Parameters are flattened row-major in the optimizer's order. */
export interface CurvatureProvider {
  /** Number of outputs dy per example. */
  readonly outputs: number;
  /** (n·dy)×P: derivatives of the outputs, example by example. */
  jacobian(): Matrix<Real>;
  /** (n·dy)×dy: Hessians of each example's loss in its outputs, stacked; null: the identity (½ squared error). */
  outputHessian?(): Matrix<Real> | null;
  /** n×dy: loss gradients in the outputs, with labels sampled from the model or the data's. For `fisher` sampled and empirical. */
  outputGradients?(labels: "sampled" | "empirical"): Matrix<Real>;
  /** P×P: E[Jᵀ H J] itself, from a model that has it more cheaply than by its Jacobian, which is then not asked for. */
  curvature?(): Matrix<Real>;
  /** n×P: each example's gradient, likewise. */
  exampleGradients?(labels: "sampled" | "empirical"): Matrix<Real>;
}

type Fisher = "exact" | "sampled" | "empirical";

/** Most weights: beyond, C has more than 2³⁰ elements. */
const MOST_WEIGHTS = 2 ** 15;

const { maxDim: _, ...ownFactorShape } = factorShape; // one factor over everything, or nothing

/**
 * Gauss-Newton and natural gradient over all parameters at once (Martens 2020, arXiv 1412.1193): δ = −η (C + λI)^{-1} g with
 * C = E[Jᵀ H J] (`exact`, the generalised Gauss-Newton matrix) or E[∇ℓ ∇ℓᵀ] over sampled labels or the data's. One factor
 * over the flattened weights: averaging, guards and Levenberg–Marquardt damping (with `adaptive`; a step that raises the
 * loss is taken back, as Marquardt 1963 does and Nocedal & Wright 2006, Algorithm 4.1) are those of the other methods. For
 * small nets: C is P×P.
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
    provider: z
      .custom<CurvatureProvider>(
        (p) => typeof p === "object" && p !== null && "jacobian" in p,
        "expected a CurvatureProvider {outputs, jacobian()}",
      )
      .describe("gives the Jacobian of the outputs"),
  },
  create(parameters, o): Optimizer {
    const controller = o.adaptive
      ? kroneckerDamping(o.damping, { ...defaultDampingRule, omega: o.omega, period: o.period, reject: o.reject })
      : null;
    if (controller && (o.relativeTo !== null || o.dampingFloor !== 0))
      throw new TypeError('gauss-newton: option "adaptive" finds λ itself: no "relativeTo", no "dampingFloor"');
    const flat = new Flat(parameters);
    if (flat.size > MOST_WEIGHTS) {
      const gigabytes = Math.round(flat.size ** 2 * flat.value.data.BYTES_PER_ELEMENT * 2 ** -30);
      throw new RangeError(
        `gauss-newton: the curvature of ${flat.size} weights is a matrix of ${gigabytes} GiB, several of which are needed; it is for at most ${MOST_WEIGHTS} (lbfgs and kfac are for more)`,
      );
    }
    const curvature = new Curvature(o.provider, o.fisher, flat.size);
    const all: Parameter<Real> = {
      name: "all",
      value: flat.value,
      gradient: flat.gradient,
      get outputGradients(): Statistic {
        return curvature.statistic();
      },
    };
    const left = {
      // The provider has no batch yet when states are made: it must not be asked.
      source: { ...outputGradients, available: () => true, diagonal: () => false },
      factor: new Factor("left", inverseRootSolver(1), factorPolicy(o, o.damping)),
    };
    const chain = [kronecker({ left, right: null }, { split: controller }), momentum({ mu: o.momentum })];
    const inner = new ChainOptimizer("gauss-newton", [{ chain, parameters: [all], lr: o.lr, decay: o.decay }], o, controller);
    return new WholeOptimizer(inner, flat);
  },
});

/** C as a statistic: a moment, or per-example gradients as samples. */
class Curvature {
  #product: Matrix<Real> | null = null;
  #moment: Matrix<Real> | null = null;

  constructor(
    private readonly provider: CurvatureProvider,
    private readonly fisher: Fisher,
    private readonly size: number,
  ) {}

  statistic(): Statistic {
    const { provider, fisher } = this;
    if (fisher === "exact" && provider.curvature) return { moment: this.#checked("curvature", provider.curvature()) };
    if (fisher !== "exact" && provider.exampleGradients) {
      return { samples: this.#checked("exampleGradients", provider.exampleGradients(fisher)) };
    }
    const dy = provider.outputs;
    const j = provider.jacobian();
    if (j.cols !== this.size || j.rows % dy !== 0) {
      throw new RangeError(
        `gauss-newton: the Jacobian must have ${this.size} columns and a multiple of ${dy} rows, got ${j.rows}×${j.cols}`,
      );
    }
    const n = j.rows / dy;
    const hessian = fisher === "exact" ? (provider.outputHessian?.() ?? null) : null;
    if (fisher === "exact" && !hessian) return { samples: j, scale: dy };
    if (fisher !== "exact") {
      const delta = provider.outputGradients?.(fisher);
      if (!delta) throw new TypeError(`gauss-newton: fisher "${fisher}" needs a provider with outputGradients`);
      // Per-example gradients Jᵢᵀδᵢ.
      const samples = this.#buffer(n, j);
      for (let i = 0; i < n; i++) gemm(delta.block(i, 0, 1, dy), j.block(i * dy, 0, dy, j.cols), { out: samples.block(i, 0, 1, j.cols) });
      return { samples };
    }
    const product = this.#buffer(j.rows, j);
    for (let i = 0; i < n; i++)
      gemm(hessian!.block(i * dy, 0, dy, dy), j.block(i * dy, 0, dy, j.cols), { out: product.block(i * dy, 0, dy, j.cols) });
    this.#moment ??= j.data instanceof Float64Array ? Matrix.zeros(j.cols, j.cols) : Matrix.zeros(j.cols, j.cols, "float32");
    return { moment: gemm(j.T, product, { out: this.#moment, alpha: 1 / n }) };
  }

  #checked(name: string, matrix: Matrix<Real>): Matrix<Real> {
    if (matrix.cols !== this.size) throw new RangeError(`gauss-newton: ${name} must have ${this.size} columns, got ${matrix.cols}`);
    return matrix;
  }

  #buffer(rows: number, j: Matrix<Real>): Matrix<Real> {
    if (this.#product?.rows !== rows) this.#product = Matrix.zeros(rows, j.cols, j.data instanceof Float64Array ? "float64" : "float32");
    return this.#product!;
  }
}
