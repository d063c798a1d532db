/** What the functions of this folder check and prepare before they call the binding. */
import { unknownOption } from "../names.js";
import { allocate, Matrix, type Real } from "./matrix.js";

/** The leading dimension to pass for a view: at least 1, also when it has no columns. */
export function leading(a: Matrix<Real>): number {
  return a.stride || 1;
}

/** @throws RangeError unless `a` is square. */
export function requireSquare(name: string, a: Matrix<Real>): number {
  if (a.rows !== a.cols) throw new RangeError(`${name}: a must be square, got ${a.rows}×${a.cols}`);
  return a.rows;
}

/** @throws RangeError unless `a` is rows×cols. */
export function requireShape(name: string, argument: string, a: Matrix<Real>, rows: number, cols: number): void {
  if (a.rows !== rows || a.cols !== cols) {
    throw new RangeError(`${name}: ${argument} must be ${rows}×${cols}, got ${a.rows}×${a.cols}`);
  }
}

/**
 * A misspelt option must not be a default without a word.
 * @throws TypeError naming the function, the option that is not `known`, and the one that is likely meant.
 */
export function requireKnown(name: string, options: object, known: readonly string[]): void {
  for (const key in options) if (!known.includes(key)) throw new TypeError(`${name}: ${unknownOption(key, known)}`);
}

/** @throws TypeError unless `options` are known ones with the order p of a root. */
export function requireRootOptions(name: string, options: { readonly p?: number } | undefined, known: readonly string[]): void {
  if (options?.p === undefined) throw new TypeError(`${name}: options must have p, the order of the root`);
  requireKnown(name, options, known);
}

/** The first and one past the last byte a view touches. */
function extent(a: Matrix<Real>): [number, number] {
  const elements = a.rows && a.cols ? (a.rows - 1) * a.stride + a.cols : 0;
  const start = a.data.byteOffset + a.offset * a.data.BYTES_PER_ELEMENT;
  return [start, start + elements * a.data.BYTES_PER_ELEMENT];
}

/**
 * Where an in-place routine works on a copy of `a`: `out`, which may be `a` itself but not overlap it otherwise, or a
 * new matrix.
 * @throws RangeError on a wrong shape or partial overlap, TypeError on another precision.
 */
export function copyInto<T extends Real>(name: string, a: Matrix<T>, out?: Matrix<T>): Matrix<T> {
  if (!out) return a.clone();
  requireShape(name, "out", out, a.rows, a.cols);
  if (out.data.constructor !== a.data.constructor) throw new TypeError(`${name}: out must have the precision of a`);
  if (out.data.buffer === a.data.buffer) {
    const [a0, a1] = extent(a);
    const [b0, b1] = extent(out);
    if (a0 === b0 && out.stride === a.stride) return out;
    if (a0 < b1 && b0 < a1) throw new RangeError(`${name}: out must be a itself or share no memory with it`);
  }
  return out.copy(a);
}

/** A vector of n elements: `out`, or a new one. @throws RangeError when `out` has another length. */
export function vectorInto<T extends Real>(name: string, argument: string, n: number, like: T, out?: T): T {
  if (!out) return allocate(n, like);
  if (out.length !== n) throw new RangeError(`${name}: ${argument} must have length ${n}, got ${out.length}`);
  return out;
}

/** A rows×cols matrix: `out`, or a new one. @throws RangeError when `out` has another shape. */
export function matrixInto<T extends Real>(
  name: string,
  argument: string,
  rows: number,
  cols: number,
  like: T,
  out?: Matrix<T>,
): Matrix<T> {
  if (!out) return new Matrix(allocate(rows * cols, like), rows, cols);
  requireShape(name, argument, out, rows, cols);
  return out;
}
