import { eigh, gemm, Matrix, qr, type Real, syrk, trmm } from "../linalg/index.js";
import { orthogonal } from "./matrices.js";
import type { Stream } from "./stream.js";

/** The law of the independent, standardised u in x = S^{1/2}u. */
export type Inputs = "gaussian" | "rademacher";

/**
 * A covariance S = V·diag(spectrum)·Vᵀ, known by its eigenvalues and eigenvectors. Derived matrices are computed when
 * first asked for and kept; treat them as read-only.
 */
export class Covariance {
  readonly #powers = new Map<number, Matrix>();
  readonly #single = new WeakMap<Matrix, Matrix<Float32Array>>();
  #factor?: Matrix;
  #signs?: Matrix<Real>;

  /**
   * @param spectrum d eigenvalues ≥ 0
   * @param basis d×d orthogonal, eigenvectors in columns (not checked for orthogonality)
   * @throws RangeError on a negative or non-finite eigenvalue or another shape of basis.
   */
  constructor(
    readonly spectrum: Float64Array,
    readonly basis: Matrix,
  ) {
    const d = spectrum.length;
    if (basis.rows !== d || basis.cols !== d) throw new RangeError(`Covariance: basis must be ${d}×${d}, got ${basis.rows}×${basis.cols}`);
    const bad = spectrum.findIndex((x) => !(x >= 0 && x < Infinity));
    if (bad >= 0) throw new RangeError(`Covariance: eigenvalues must be finite and ≥ 0, got spectrum[${bad}] = ${spectrum[bad]}`);
  }

  /** A spectrum in a uniformly random basis. An axis-aligned one would let diagonal methods whiten. */
  static rotated(spectrum: Float64Array, stream: Stream): Covariance {
    return new Covariance(spectrum, orthogonal(stream, spectrum.length));
  }

  /** A given symmetric positive semi-definite matrix (lower triangle read); eigenvalues below 0 by rounding become 0. */
  static from(matrix: Matrix): Covariance {
    const { values, vectors } = eigh(matrix);
    const rounding = 2 ** -52 * values.length * Math.max(0, ...values);
    return new Covariance(
      values.map((x) => (x < 0 && x >= -rounding ? 0 : x)),
      vectors,
    );
  }

  get dimension(): number {
    return this.spectrum.length;
  }

  /** S. */
  get matrix(): Matrix {
    return this.power(1);
  }

  /** S^{1/2}, symmetric. */
  get sqrt(): Matrix {
    return this.power(0.5);
  }

  /** S^p = V·diag(spectrum^p)·Vᵀ, exactly symmetric. @throws RangeError when p < 0 and S is singular. */
  power(p: number): Matrix {
    const known = this.#powers.get(p);
    if (known) return known;
    if (!Number.isFinite(p)) throw new RangeError(`Covariance.power: p must be finite, got ${p}`);
    if (p < 0 && this.spectrum.includes(0)) throw new RangeError(`Covariance.power: S is singular and has no power ${p}`);
    const half = this.basis.clone();
    const scale = this.spectrum.map((x) => x ** (p / 2));
    for (let i = 0; i < half.rows; i++) {
      const row = half.rowArray(i);
      for (let j = 0; j < row.length; j++) row[j]! *= scale[j]!;
    }
    const power = syrk(half);
    this.#powers.set(p, power);
    return power;
  }

  /**
   * Fills the rows of `out` (n×d, either precision) with independent x of covariance S. Rademacher: x = S^{1/2}u with the
   * symmetric root, u of signs. Gaussian: x = Rᵀu with the triangular root S = RᵀR, the same law at half the cost.
   * @throws RangeError when `out` has not d columns or `inputs` is unknown.
   */
  sample<M extends Matrix<Float64Array> | Matrix<Float32Array>>(stream: Stream, out: M, inputs: Inputs = "gaussian"): M {
    if (out.cols !== this.dimension) throw new RangeError(`Covariance.sample: out must have ${this.dimension} columns, got ${out.cols}`);
    if (inputs === "gaussian") {
      const x = stream.normal(out) as Matrix<Real>;
      trmm(this.#like(x, this.#upperFactor()), x, { side: "right", uplo: "upper", out: x });
    } else if (inputs === "rademacher") {
      const u = stream.rademacher(this.#workspace(out) as M) as Matrix<Real>;
      gemm(u, this.#like(u, this.sqrt), { out: out as Matrix<Real> });
    } else {
      throw new RangeError(`Covariance.sample: inputs must be "gaussian" or "rademacher", got ${JSON.stringify(inputs)}`);
    }
    return out;
  }

  /** R upper triangular with S = RᵀR, also for a singular S: the R of diag(√spectrum)·Vᵀ. */
  #upperFactor(): Matrix {
    if (!this.#factor) {
      const { basis, spectrum } = this;
      const root = Matrix.zeros(this.dimension, this.dimension);
      for (let i = 0; i < root.rows; i++) {
        const row = root.rowArray(i);
        for (let j = 0; j < row.length; j++) row[j] = Math.sqrt(spectrum[i]!) * basis.get(j, i);
      }
      this.#factor = qr(root).r;
    }
    return this.#factor;
  }

  /** A matrix in the precision of x. */
  #like(x: Matrix<Real>, matrix: Matrix): Matrix<Real> {
    if (x.data instanceof Float64Array) return matrix;
    let single = this.#single.get(matrix);
    if (!single) {
      single = Matrix.zeros(matrix.rows, matrix.cols, "float32").copy(matrix);
      this.#single.set(matrix, single);
    }
    return single;
  }

  #workspace(out: Matrix<Real>): Matrix<Real> {
    const kept = this.#signs;
    if (kept?.rows !== out.rows || kept.data.constructor !== out.data.constructor) {
      this.#signs = Matrix.zeros(out.rows, out.cols, out.data instanceof Float64Array ? "float64" : "float32") as Matrix<Real>;
    }
    return this.#signs!;
  }
}
