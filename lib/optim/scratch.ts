import { dtypeOf, Matrix, type Real } from "../linalg/matrix.js";

/** Temporary matrices by shape, allocated at first use and shared by all parameters of a stage. Contents do not survive a stage. */
export class Scratch {
  readonly #pool = new Map<number, (Matrix<Real> | undefined)[]>();

  /** The `slot`-th rows×cols temporary in the precision of `like`. */
  take(rows: number, cols: number, like: Matrix<Real>, slot = 0): Matrix<Real> {
    const key = (rows * 0x1000000 + cols) * 2 + (like.data instanceof Float64Array ? 1 : 0);
    const slots = this.#pool.get(key) ?? [];
    if (slots.length === 0) this.#pool.set(key, slots);
    slots[slot] ??= Matrix.zeros(rows, cols, dtypeOf(like));
    return slots[slot];
  }

  like(matrix: Matrix<Real>, slot = 0): Matrix<Real> {
    return this.take(matrix.rows, matrix.cols, matrix, slot);
  }
}

/** A zero matrix of the same shape and precision. */
export function zerosLike(matrix: Matrix<Real>): Matrix<Real> {
  return Matrix.zeros(matrix.rows, matrix.cols, dtypeOf(matrix));
}
