import { gemm, Matrix, syrk } from "../../linalg/index.js";
import { type Stream, wishartFactor } from "../../random/index.js";
import type { Task } from "./task.js";

/**
 * What a deep linear network with squared loss sees of a batch: its second moments. The loss and all its gradients are
 * exact functions of them, whatever n is.
 */
export interface Moments {
  /** Sxx = XᵀX/n, d×d. */
  readonly xx: Matrix;
  /** Syx = YᵀX/n, dy×d. */
  readonly yx: Matrix;
  /** Syy = YᵀY/n, dy×dy; only the loss itself and the empirical Fisher need it. */
  readonly yy: Matrix | null;
}

/** Second moments of a batch seen through a trunk: z = Gx. */
export interface HeadMoments {
  /** Szz = ZᵀZ/n, k×k. */
  readonly zz: Matrix;
  /** Syz = YᵀZ/n, dy×k. */
  readonly yz: Matrix;
}

/** The moments of given data; rows of X (n×d) and Y (n×dy) are examples. */
export function momentsOf(x: Matrix, y: Matrix): Moments {
  const alpha = 1 / x.rows;
  return { xx: syrk(x.T, { alpha }), yx: gemm(y.T, x, { alpha }), yy: syrk(y.T, { alpha }) };
}

/** Where the batches of a task come from. */
export interface BatchOptions {
  /** Examples per batch. */
  readonly n: number;
  /**
   * `batch`: n explicit examples. `statistics`: their sufficient statistics, drawn exactly in law without drawing the
   * examples (Gaussian inputs only; other random numbers than `batch`).
   */
  readonly sampling: "batch" | "statistics";
  /** Law of the entries of u: standard normal or ±1. */
  readonly inputs: "gaussian" | "rademacher";
  /** Subtract the batch mean from inputs and outputs, as batch normalisation does. */
  readonly centered: boolean;
}

/**
 * A stream of batches of one task. A batch is held as a *root* A of the moments of the unit-variance variables (u, ε):
 * (d+dy)×c with `A Aᵀ = Σᵢ (uᵢ, εᵢ)(uᵢ, εᵢ)ᵀ`.
 *
 * - Explicit examples: the columns of A are the n examples.
 * - Statistics: A = L, the lower-triangular Bartlett factor of a Wishart matrix with n degrees of freedom (n − 1 after
 *   centring). Its block rows have exactly the joint law of UᵀU and of εᵀU given U (matrix normal: Z L₁₁ᵀ).
 *
 * Everything after the root is shared. Buffers are kept; a batch allocates nothing.
 */
export class Batches {
  readonly #task: Task;
  readonly #options: BatchOptions;
  readonly #inputStream: Stream;
  readonly #noiseStream: Stream;
  /** A, and its rows that belong to u and to ε. */
  readonly #root: Matrix;
  readonly #inputs: Matrix;
  readonly #noise: Matrix;
  readonly #mean: Matrix;
  readonly #ones: Matrix | null;
  /** G* S^{1/2}, k×d. */
  readonly #colored: Matrix;
  readonly #scratch: {
    gram: Matrix;
    left: Matrix;
    noiseInput: Matrix;
    outputNoise: Matrix;
    z: Matrix;
    target: Matrix;
    y: Matrix;
    trunk: Matrix;
  };

  /** @throws RangeError when `statistics` is asked for inputs that are not Gaussian, or for n ≤ d + dy. */
  constructor(stream: Stream, task: Task, options: BatchOptions) {
    const { rows: dy, cols: k } = task.head;
    const d = task.trunk.cols;
    const { n, sampling, inputs, centered } = options;
    if (sampling === "statistics" && inputs !== "gaussian") {
      throw new RangeError(`sampling=statistics needs inputs=gaussian, got inputs=${inputs}: only then is XᵀX a Wishart matrix`);
    }
    if (sampling === "statistics" && n <= d + dy) {
      throw new RangeError(`sampling=statistics needs n > d + dy = ${d + dy}, got n=${n}: use sampling=batch`);
    }
    this.#task = task;
    this.#options = options;
    this.#inputStream = stream.child("inputs");
    this.#noiseStream = stream.child("noise");
    const c = sampling === "batch" ? n : d + dy;
    this.#root = Matrix.zeros(d + dy, c);
    this.#inputs = this.#root.block(0, 0, d, c);
    this.#noise = this.#root.block(d, 0, dy, c);
    this.#mean = Matrix.zeros(d + dy, 1);
    this.#ones = sampling === "batch" && centered ? Matrix.zeros(c, 1).fill(1) : null;
    this.#colored = gemm(task.trunk, task.sqrtCovariance);
    this.#scratch = {
      gram: Matrix.zeros(d + dy, d + dy),
      left: Matrix.zeros(d, d),
      noiseInput: Matrix.zeros(dy, d),
      outputNoise: Matrix.zeros(dy, dy),
      z: Matrix.zeros(k, c),
      target: Matrix.zeros(k, c),
      y: Matrix.zeros(dy, c),
      trunk: Matrix.zeros(k, d),
    };
  }

  /** Draws the root of the next batch. */
  next(): this {
    const { n, sampling, inputs, centered } = this.#options;
    if (sampling === "statistics") {
      wishartFactor(this.#inputStream, this.#root.rows, centered ? n - 1 : n, { out: this.#root });
      return this;
    }
    if (inputs === "gaussian") this.#inputStream.normal(this.#inputs);
    else this.#inputStream.rademacher(this.#inputs);
    this.#noiseStream.normal(this.#noise);
    if (this.#ones) {
      gemm(this.#root, this.#ones, { out: this.#mean, alpha: 1 / n });
      gemm(this.#mean, this.#ones.T, { out: this.#root, alpha: -1, beta: 1 });
    }
    return this;
  }

  /** Buffers for {@link moments}; with Syy when `outputs`. */
  allocate(outputs = false): Moments {
    const { rows: dy } = this.#task.head;
    const { cols: d } = this.#task.trunk;
    return { xx: Matrix.zeros(d, d), yx: Matrix.zeros(dy, d), yy: outputs ? Matrix.zeros(dy, dy) : null };
  }

  /**
   * Moments of the present batch. With R = S^{1/2}: Sxx = R (UᵀU/n) R and Syx = M Sxx + s (εᵀU/n) R, so that the
   * examples X = U R are never formed.
   */
  moments(out: Moments): Moments {
    const { map, sqrtCovariance: r, noise: s, head, trunk } = this.#task;
    const dy = head.rows;
    const d = trunk.cols;
    const alpha = 1 / this.#options.n;
    const { gram, left, noiseInput, outputNoise } = this.#scratch;
    const uu = gram.block(0, 0, d, d);
    const eu = gram.block(d, 0, dy, d);
    const ee = gram.block(d, d, dy, dy);
    if (this.#options.sampling === "batch") {
      syrk(this.#root, { out: gram, alpha });
      gemm(r, uu, { out: left });
      gemm(left, r, { out: out.xx });
      gemm(eu, r, { out: noiseInput });
    } else {
      // The root is small and triangular: colour it first, and the rows of u end at column d.
      gemm(r, this.#root.block(0, 0, d, d), { out: left });
      syrk(left, { out: out.xx, alpha });
      gemm(this.#root.block(d, 0, dy, d), left.T, { out: noiseInput, alpha });
      if (out.yy) syrk(this.#noise, { out: ee, alpha });
    }
    out.yx.copy(noiseInput);
    gemm(map, out.xx, { out: out.yx, beta: s });
    if (out.yy) {
      // E yyᵀ = E[yxᵀ] Mᵀ + s E[yεᵀ], E[yεᵀ] = M E[xεᵀ] + s E[εεᵀ]
      outputNoise.copy(ee);
      gemm(map, noiseInput.T, { out: outputNoise, beta: s });
      out.yy.copy(outputNoise);
      gemm(out.yx, map.T, { out: out.yy, beta: s });
    }
    return out;
  }

  /** Moments of z = Gx and y on the present batch, at the price of k instead of d inputs. */
  headMoments(trunk: Matrix, out: HeadMoments): HeadMoments {
    const { head, sqrtCovariance: r, noise: s } = this.#task;
    const alpha = 1 / this.#options.n;
    const { z, target, y, trunk: colored } = this.#scratch;
    gemm(trunk, r, { out: colored });
    gemm(colored, this.#inputs, { out: z });
    gemm(this.#colored, this.#inputs, { out: target });
    y.copy(this.#noise);
    gemm(head, target, { out: y, beta: s });
    syrk(z, { out: out.zz, alpha });
    gemm(y, z.T, { out: out.yz, alpha });
    return out;
  }
}
