/**
 * `ml-matrix` keeps a matrix as one Float64Array per row. A {@link Matrix} can be seen that way without a copy; the other way needs
 * one, unless the rows already lie in one buffer.
 *
 * @packageDocumentation
 */
import type { AbstractMatrix, WrapperMatrix2D } from "ml-matrix";
import { Matrix } from "../linalg/index.js";

/**
 * The rows of `matrix` as views: `new WrapperMatrix2D(rowViews(m))` and `wrap(rowViews(m))` are ml-matrix's matrices on the same
 * memory, which every function of ml-matrix takes.
 */
export function rowViews(matrix: Matrix): Float64Array[] {
  return Array.from({ length: matrix.rows }, (_, i) => matrix.rowArray(i));
}

/** The distance between equally spaced rows of one buffer; null when they do not lie so. */
function rowStride(rows: readonly Float64Array[]): number | null {
  const [first, second] = rows as [Float64Array, Float64Array?];
  if (!second) return first.length;
  const step = second.byteOffset - first.byteOffset;
  const regular = rows.every((row, i) => row.buffer === first.buffer && row.byteOffset === first.byteOffset + i * step);
  return regular && step >= first.byteLength ? step / first.BYTES_PER_ELEMENT : null;
}

/**
 * A view when the rows lie equally spaced in one buffer (as {@link rowViews} makes them), else a copy.
 * @throws TypeError for what is no matrix of ml-matrix.
 */
export function fromMlMatrix(matrix: AbstractMatrix): Matrix {
  const { rows, columns } = matrix;
  if (typeof columns !== "number") throw new TypeError("fromMlMatrix: a matrix of ml-matrix is expected");
  const data = (matrix as Partial<WrapperMatrix2D> & { data?: unknown }).data;
  if (rows > 0 && Array.isArray(data) && data.every((row) => row instanceof Float64Array)) {
    const stride = rowStride(data);
    const [first] = data as [Float64Array];
    if (stride !== null) {
      const length = first.byteOffset / 8 + (rows - 1) * stride + columns;
      return new Matrix(new Float64Array(first.buffer as ArrayBuffer, 0, length), rows, columns, stride, first.byteOffset / 8);
    }
  }
  const out = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out.set(i, j, matrix.get(i, j));
  return out;
}
