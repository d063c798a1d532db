import { gemm, Matrix, trace } from "../../linalg/index.js";
import type { Batches, HeadMoments, Moments } from "./moments.js";

/** Where batch normalisation stands: nowhere, on z = Gx, or on x. It has no affine part: F and G do that. */
export type BatchNorm = "none" | "hidden" | "input";

/** Added to variances before the square root. */
export const BATCH_NORM_EPSILON = 1e-5;

/**
 * The two-layer linear network f(x) = F G x with loss ½E|y − f(x)|², and its gradients from the moments of a batch.
 *
 * With batch normalisation, which needs centred moments, D below holds inverse standard deviations over the batch:
 * - `hidden`: f(x) = F D G (x − x̄), D = diag(var(Gx) + ε)^{-1/2}; the gradient goes through D;
 * - `input`: f(x) = F G D (x − x̄), D = diag(var(x) + ε)^{-1/2}.
 */
export class Student {
  /** F, dy×k. */
  readonly head: Matrix;
  /** G, k×d. */
  readonly trunk: Matrix;
  readonly headGradient: Matrix;
  readonly trunkGradient: Matrix;
  /** Moments of what F sees, at the last {@link gradients} or {@link featureMoments}. */
  readonly features: HeadMoments;
  /** F D (`hidden`) or F: how the outputs depend on Gx when D is held fixed. */
  readonly backward: Matrix;
  /** D G (`hidden`) or G. */
  readonly #scaledTrunk: Matrix;
  readonly #scale: Float64Array;
  readonly #trunkInput: Matrix;
  readonly #residualInput: Matrix;

  constructor(
    head: Matrix,
    trunk: Matrix,
    readonly batchNorm: BatchNorm = "none",
  ) {
    const { rows: dy, cols: k } = head;
    const { cols: d } = trunk;
    if (trunk.rows !== k) throw new RangeError(`Student: head is ${dy}×${k}, so trunk must have ${k} rows, got ${trunk.rows}`);
    this.head = head;
    this.trunk = trunk;
    this.headGradient = Matrix.zeros(dy, k);
    this.trunkGradient = Matrix.zeros(k, d);
    this.features = { zz: Matrix.zeros(k, k), yz: Matrix.zeros(dy, k) };
    this.backward = batchNorm === "hidden" ? Matrix.zeros(dy, k) : head;
    this.#scaledTrunk = batchNorm === "hidden" ? Matrix.zeros(k, d) : trunk;
    this.#scale = new Float64Array(batchNorm === "input" ? d : k).fill(1);
    this.#trunkInput = Matrix.zeros(k, d);
    this.#residualInput = Matrix.zeros(dy, d);
  }

  /** Turns the moments of a batch into those of what G sees, in place: with `input`, D Sxx D and Syx D. */
  normalizeInputs(moments: Moments): Moments {
    if (this.batchNorm !== "input") return moments;
    const { xx, yx } = moments;
    for (let j = 0; j < xx.cols; j++) this.#scale[j] = inverseStd(xx.get(j, j));
    scaleRows(xx, this.#scale);
    scaleColumns(xx, this.#scale);
    scaleColumns(yx, this.#scale);
    return moments;
  }

  /**
   * Gradients of the loss with respect to F and G, into `headGradient` and `trunkGradient`, from the moments of what G
   * sees ({@link normalizeInputs}).
   */
  gradients({ xx, yx }: Moments): void {
    const { head, features, trunkGradient } = this;
    const trunkInput = this.#trunkInput;
    const residualInput = this.#residualInput;
    gemm(this.trunk, xx, { out: trunkInput });
    const trunk = this.#scaleTrunk();
    gemm(trunkInput, trunk.T, { out: features.zz });
    gemm(yx, trunk.T, { out: features.yz });
    this.headGradientFromFeatures();
    // ∇(DG) = Fᵀ (F D G Sxx − Syx)
    residualInput.copy(yx);
    gemm(head, trunkInput, { out: residualInput, beta: -1 });
    gemm(head.T, residualInput, { out: trunkGradient });
    if (this.batchNorm === "hidden") this.#throughScale();
  }

  /** ∇F = F Szz − Syz, from `features`. */
  headGradientFromFeatures(): void {
    const { head, features, headGradient } = this;
    headGradient.copy(features.yz);
    gemm(head, features.zz, { out: headGradient, beta: -1 });
  }

  /** The loss on the batch of the last {@link gradients} (of centred outputs, if normalised), given its Syy. */
  loss(yy: Matrix): number {
    return 0.5 * trace(this.residualMoment(yy, Matrix.zeros(yy.rows, yy.cols)));
  }

  /** E[rrᵀ], r = y − f(x), on the batch of the last {@link gradients}, given its Syy. */
  residualMoment(yy: Matrix, out: Matrix): Matrix {
    const { head, features, headGradient } = this;
    // Syy − F Syzᵀ + (F Szz − Syz) Fᵀ
    out.copy(yy);
    gemm(head, features.yz.T, { out, alpha: -1, beta: 1 });
    return gemm(headGradient, head.T, { out, beta: 1 });
  }

  /** Moments of what F sees on the present batch of `batches`, into `features`. `moments` is a buffer. */
  featureMoments(batches: Batches, moments: Moments): HeadMoments {
    const { features, trunk } = this;
    if (this.batchNorm === "input") {
      const { xx, yx } = this.normalizeInputs(batches.moments(moments));
      gemm(trunk, xx, { out: this.#trunkInput });
      gemm(this.#trunkInput, trunk.T, { out: features.zz });
      gemm(yx, trunk.T, { out: features.yz });
      return features;
    }
    batches.headMoments(trunk, features);
    if (this.batchNorm === "hidden") {
      const { zz, yz } = features;
      const scale = this.#scale;
      for (let a = 0; a < zz.rows; a++) scale[a] = inverseStd(zz.get(a, a));
      scaleRows(zz, scale);
      scaleColumns(zz, scale);
      scaleColumns(yz, scale);
    }
    return features;
  }

  /**
   * The trunk of the linear map that the network becomes when D takes the value it has for inputs of covariance S
   * (infinite batch): D G, G D, or G.
   */
  effectiveTrunk(covariance: Matrix, out: Matrix): Matrix {
    out.copy(this.trunk);
    if (this.batchNorm === "input") {
      for (let j = 0; j < out.cols; j++) this.#scale[j] = inverseStd(covariance.get(j, j));
      scaleColumns(out, this.#scale);
    } else if (this.batchNorm === "hidden") {
      gemm(this.trunk, covariance, { out: this.#trunkInput });
      scaleRows(out, this.#outputScale());
    }
    return out;
  }

  /** Replaces G Sxx (in `#trunkInput`) by D G Sxx and returns D G; F D goes to `backward`. Without `hidden`, D = I. */
  #scaleTrunk(): Matrix {
    if (this.batchNorm === "hidden") {
      const scale = this.#outputScale();
      scaleRows(this.#scaledTrunk.copy(this.trunk), scale);
      scaleRows(this.#trunkInput, scale);
      scaleColumns(this.backward.copy(this.head), scale);
    }
    return this.#scaledTrunk;
  }

  /** D from G Sxx in `#trunkInput`: the variance of zₐ is (G Sxx Gᵀ)ₐₐ. */
  #outputScale(): Float64Array {
    const { rows: k, cols: d } = this.trunk;
    for (let a = 0; a < k; a++) {
      let variance = 0;
      for (let j = 0; j < d; j++) variance += this.#trunkInput.get(a, j) * this.trunk.get(a, j);
      this.#scale[a] = inverseStd(variance);
    }
    return this.#scale;
  }

  /**
   * From H = ∇(DG) to ∇G. Row a: d·h − d² (h·ĝ) (ĝ Sxx) with ĝ = d g, since ∂d/∂g = −d³ g Sxx.
   */
  #throughScale(): void {
    const { trunkGradient: h } = this;
    for (let a = 0; a < h.rows; a++) {
      const d = this.#scale[a]!;
      let along = 0;
      for (let j = 0; j < h.cols; j++) along += h.get(a, j) * this.#scaledTrunk.get(a, j);
      for (let j = 0; j < h.cols; j++) h.set(a, j, d * (h.get(a, j) - along * this.#trunkInput.get(a, j)));
    }
  }
}

const inverseStd = (variance: number) => 1 / Math.sqrt(variance + BATCH_NORM_EPSILON);

function scaleRows(a: Matrix, scale: Float64Array): void {
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) a.set(i, j, a.get(i, j) * scale[i]!);
}

function scaleColumns(a: Matrix, scale: Float64Array): void {
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) a.set(i, j, a.get(i, j) * scale[j]!);
}
