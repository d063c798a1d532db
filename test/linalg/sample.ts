import { Matrix, type Real } from "../../lib/linalg/index.js";

/** A reproducible matrix that is no special case. */
export function sample<T extends Real>(rows: number, cols: number, seed: number, like: T): Matrix<T> {
  const out = new Matrix(new (like.constructor as new (n: number) => T)(rows * cols), rows, cols);
  let state = seed * 2654435761 + 12345;
  for (let i = 0; i < out.data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out.data[i] = state / 2 ** 31 - 1;
  }
  return out;
}
