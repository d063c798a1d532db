import { Matrix, type Real } from "../linalg/matrix.js";

/** What files hold: numbers in row-major order with a shape of any rank. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Real | Uint8Array;
}

/** A file or buffer that is not what its format says. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code = "ERR_FORMAT";
}

/** A contiguous tensor of a matrix; tensors pass. */
export function toTensor(value: Matrix<Real> | Tensor): Tensor {
  if (!(value instanceof Matrix)) return value;
  const { data } = value.clone();
  return { shape: [value.rows, value.cols], data };
}

/** A matrix on the tensor's memory; vectors become one row. @throws FormatError for other ranks and for bytes. */
export function toMatrix({ shape, data }: Tensor, name = "tensor"): Matrix<Real> {
  if (shape.length > 2 || data instanceof Uint8Array)
    throw new FormatError(`"${name}": expected a matrix of floats, got shape [${shape.join(", ")}]`);
  const [rows, cols] = shape.length === 2 ? [shape[0]!, shape[1]!] : [1, shape[0] ?? 1];
  return new Matrix(data, rows, cols);
}

/** Number of elements. @throws FormatError unless the shape is of non-negative integers with a safe product. */
export function sizeOf(shape: unknown, name: string): number {
  if (!Array.isArray(shape)) throw new FormatError(`"${name}": the shape is not a list`);
  let size = 1;
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0)
      throw new FormatError(`"${name}": the shape has ${JSON.stringify(n)}, not a non-negative integer`);
    size *= n;
  }
  if (!Number.isSafeInteger(size)) throw new FormatError(`"${name}": the shape [${shape.join(", ")}] is too large`);
  return size;
}

/** Checks that the data fills the shape. */
export function checkTensor({ shape, data }: Tensor, name: string): void {
  const size = sizeOf(shape, name);
  if (data.length !== size) throw new RangeError(`"${name}": shape [${shape.join(", ")}] needs ${size} elements, got ${data.length}`);
}

/** The file formats are little-endian, as are the machines this runs on. */
export function requireLittleEndian(): void {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) throw new Error("tensor files: big-endian machines are not supported");
}

/** A copy of bytes [begin, end) as an array of the given kind. */
export function copyBytes<T extends Real | Uint8Array>(
  bytes: Uint8Array,
  begin: number,
  end: number,
  Kind: new (buffer: ArrayBuffer) => T,
): T {
  const buffer = new ArrayBuffer(end - begin);
  new Uint8Array(buffer).set(bytes.subarray(begin, end));
  return new Kind(buffer);
}

/** The bytes of an array, in place. */
export function bytesOf(data: Real | Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
