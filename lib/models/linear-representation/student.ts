import { gemm, Matrix, norm, syrk } from "../../linalg/index.js";
import { BATCH_NORM_EPSILON, type Batch } from "./batches.js";

/** Where batch normalisation stands: nowhere, on z = Gx, or on x. It has no affine part: F and G do that. */
export type BatchNorm = "none" | "hidden" | "input";

/**
 * The two-layer linear network f(x) = F G x with loss ½E|y − f(x)|² and its gradients on a {@link Batch}.
 *
 * With batch normalisation the batches must be centred. D holds inverse standard deviations over the batch:
 * - `hidden`: f(x) = F D G (x − x̄), D = diag(var(Gx) + ε)^{-1/2}; the gradient goes through D;
 * - `input`: f(x) = F G D (x − x̄), D = diag(var(x) + ε)^{-1/2}; the batches bring this normalisation (`standardized`).
 */
export class Student {
  /** F, dy×k. */
  readonly head: Matrix;
  /** G, k×d. */
  readonly trunk: Matrix;
  readonly headGradient: Matrix;
  readonly trunkGradient: Matrix;
  /** Γ with ∇G = Γ Cᵀ: the gradient in the coordinates of u, for {@link Batch.solve}. */
  readonly whitenedGradient: Matrix;
  readonly #scale: Float64Array;
  readonly #colored: Matrix;
  readonly #backward: Matrix;
  readonly #featureMoment: Matrix;
  #buffers: { z: Matrix; residual: Matrix; delta: Matrix };
  #n = 0;

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
    this.whitenedGradient = Matrix.zeros(k, d);
    this.#scale = new Float64Array(k).fill(1);
    this.#colored = Matrix.zeros(k, d);
    this.#backward = Matrix.zeros(dy, k);
    this.#featureMoment = Matrix.zeros(k, k);
    this.#buffers = this.#allocate(0);
  }

  /** ∇F on a batch, into `headGradient`. @returns the loss ½ tr E[rrᵀ]. */
  gradientOfHead({ u, y, n, color }: Batch): number {
    if (u.cols !== this.#buffers.z.cols) this.#buffers = this.#allocate(u.cols);
    const { z, residual } = this.#buffers;
    this.#n = n;
    gemm(color ? gemm(this.trunk, color, { out: this.#colored }) : this.trunk, u, { out: z });
    if (this.batchNorm === "hidden") this.#normalize(z);
    residual.copy(y);
    gemm(this.head, z, { out: residual, beta: -1 });
    gemm(residual, z.T, { out: this.headGradient, alpha: 1 / n });
    return (0.5 * norm(residual) ** 2) / n;
  }

  /** ∇F and ∇G on a batch, into `headGradient` and `trunkGradient`. @returns the loss. */
  gradients(batch: Batch): number {
    const loss = this.gradientOfHead(batch);
    const { residual, delta } = this.#buffers;
    gemm(this.head.T, residual, { out: delta });
    if (this.batchNorm === "hidden") this.#throughScale();
    gemm(delta, batch.u.T, { out: this.whitenedGradient, alpha: 1 / batch.n });
    if (batch.color) gemm(this.whitenedGradient, batch.color.T, { out: this.trunkGradient });
    else this.trunkGradient.copy(this.whitenedGradient);
    return loss;
  }

  /** E zzᵀ of the features that F sees, on the last batch. */
  get featureMoment(): Matrix {
    return syrk(this.#buffers.z, { out: this.#featureMoment, alpha: 1 / this.#n });
  }

  /** E rrᵀ of the residual r = f(x) − y on the last batch. */
  residualMoment(out: Matrix): Matrix {
    return syrk(this.#buffers.residual, { out, alpha: 1 / this.#n });
  }

  /** dy/dz with D held fixed, on the last batch: F D (`hidden`) or F. */
  get backward(): Matrix {
    if (this.batchNorm !== "hidden") return this.head;
    const { head } = this;
    for (let i = 0; i < head.rows; i++) for (let a = 0; a < head.cols; a++) this.#backward.set(i, a, head.get(i, a) * this.#scale[a]!);
    return this.#backward;
  }

  /**
   * The trunk of the linear map that the network becomes when D takes the value it has for inputs of covariance S
   * (infinite batch): D G, G D, or G.
   */
  effectiveTrunk(covariance: Matrix, out: Matrix): Matrix {
    out.copy(this.trunk);
    const { rows: k, cols: d } = out;
    if (this.batchNorm === "input") {
      for (let j = 0; j < d; j++) {
        const scale = inverseStd(covariance.get(j, j));
        for (let a = 0; a < k; a++) out.set(a, j, out.get(a, j) * scale);
      }
    } else if (this.batchNorm === "hidden") {
      gemm(this.trunk, covariance, { out: this.#colored });
      for (let a = 0; a < k; a++) {
        let variance = 0;
        for (let j = 0; j < d; j++) variance += this.#colored.get(a, j) * this.trunk.get(a, j);
        const scale = inverseStd(variance);
        for (let j = 0; j < d; j++) out.set(a, j, out.get(a, j) * scale);
      }
    }
    return out;
  }

  /** z ← D z. */
  #normalize(z: Matrix): void {
    for (let a = 0; a < z.rows; a++) {
      const row = z.rowArray(a);
      let squares = 0;
      for (let i = 0; i < row.length; i++) squares += row[i]! ** 2;
      const scale = inverseStd(squares / this.#n);
      for (let i = 0; i < row.length; i++) row[i]! *= scale;
      this.#scale[a] = scale;
    }
  }

  /** From δ = dL/dẑ to dL/dz, row by row: d (δ − ẑ ⟨δ, ẑ⟩/n), because ẑ = d z and ∂d/∂z = −d³ z/n. */
  #throughScale(): void {
    const { z, delta } = this.#buffers;
    for (let a = 0; a < z.rows; a++) {
      const row = delta.rowArray(a);
      const normalized = z.rowArray(a);
      let along = 0;
      for (let i = 0; i < row.length; i++) along += row[i]! * normalized[i]!;
      along /= this.#n;
      for (let i = 0; i < row.length; i++) row[i] = this.#scale[a]! * (row[i]! - along * normalized[i]!);
    }
  }

  #allocate(columns: number) {
    const { rows: dy, cols: k } = this.head;
    return { z: Matrix.zeros(k, columns), residual: Matrix.zeros(dy, columns), delta: Matrix.zeros(k, columns) };
  }
}

const inverseStd = (variance: number) => 1 / Math.sqrt(variance + BATCH_NORM_EPSILON);
