/**
 * `ndarray` and `@stdlib/ndarray`: both are typed arrays with shape, strides and offset, as {@link Matrix} is, so that most layouts
 * cross without a copy. Neither package is imported here.
 *
 * @packageDocumentation
 */
import { dtypeOf, Matrix, type Operand, type Real, Transposed } from "../linalg/index.js";

/** What both packages' arrays have in common (`ndarray` says `stride`, stdlib `strides`). */
export interface StridedArray<T> {
  readonly data: T;
  readonly shape: ArrayLike<number>;
  readonly stride?: ArrayLike<number>;
  readonly strides?: ArrayLike<number>;
  readonly offset: number;
}

interface Layout<T extends Real> {
  readonly data: T;
  readonly rows: number;
  readonly cols: number;
  readonly down: number;
  readonly right: number;
  readonly offset: number;
}

function layout<T extends Real>(array: StridedArray<T>): Layout<T> {
  const { data, shape, offset } = array;
  const strides = array.strides ?? array.stride;
  if (!(data instanceof Float64Array || data instanceof Float32Array)) {
    throw new TypeError("ndarray: the data must be a Float64Array or a Float32Array");
  }
  if (!strides || strides.length !== shape.length || shape.length < 1 || shape.length > 2) {
    throw new RangeError(`ndarray: one or two dimensions are expected, got ${shape.length}`);
  }
  const [rows, cols] = [shape[0]!, shape[1] ?? 1];
  const [down, right] = [strides[0]!, strides[1] ?? 1];
  for (const [i, j] of rows && cols
    ? ([
        [0, 0],
        [rows - 1, 0],
        [0, cols - 1],
        [rows - 1, cols - 1],
      ] as const)
    : []) {
    // biome-ignore format: corners
    const at = offset + i * down + j * right;
    if (!(at >= 0 && at < data.length)) throw new RangeError(`ndarray: element (${i}, ${j}) lies outside of the data`);
  }
  return { data, rows, cols, down, right, offset };
}

const isRowMajor = ({ rows, cols, down, right }: Layout<Real>) => (right === 1 || cols <= 1) && (down >= cols || rows <= 1);

/**
 * A view of a row-major (or one-dimensional: one column) array; any other layout is copied.
 * @throws TypeError unless the data are Float64Array or Float32Array, RangeError for other numbers of dimensions than one or two.
 */
export function fromNdarray<T extends Real>(array: StridedArray<T>): Matrix<T> {
  const from = layout(array);
  const { data, rows, cols, down, right, offset } = from;
  if (isRowMajor(from)) return new Matrix(data, rows, cols, rows <= 1 ? cols : down, offset);
  const out = Matrix.zeros(rows, cols, dtypeOf(data)) as unknown as Matrix<T>;
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.set(i, j, data[offset + i * down + j * right]!);
  return out;
}

/**
 * An operand for products: a view of a row-major array, a transposed view of a column-major one, else a copy.
 * @throws as {@link fromNdarray}.
 */
export function operandFromNdarray<T extends Real>(array: StridedArray<T>): Operand<T> {
  const { data, rows, cols, down, right, offset } = layout(array);
  const transposed = { data, rows: cols, cols: rows, down: right, right: down, offset };
  if (cols > 1 && right !== 1 && isRowMajor(transposed)) return new Transposed(new Matrix(data, cols, rows, right, offset));
  return fromNdarray(array);
}

/** The arguments of a view of `matrix`: `ndarray(...ndarrayArguments(m))`. No copy. */
export function ndarrayArguments<T extends Real>(
  matrix: Matrix<T>,
): [data: T, shape: [number, number], stride: [number, number], offset: number] {
  return [matrix.data, [matrix.rows, matrix.cols], [matrix.stride, 1], matrix.offset];
}

/** The arguments of a view of `matrix` for stdlib: `new ndarray(...stdlibArguments(m))`. No copy. */
export function stdlibArguments<T extends Real>(
  matrix: Matrix<T>,
): ["float64" | "float32", T, [number, number], [number, number], number, "row-major"] {
  const [data, shape, strides, offset] = ndarrayArguments(matrix);
  return [dtypeOf(matrix), data, shape, strides, offset, "row-major"];
}
