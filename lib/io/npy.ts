import { unzipSync, type Zippable, zipSync } from "fflate";
import type { Matrix, Real } from "../linalg/matrix.js";
import { bytesOf, checkTensor, copyBytes, FormatError, requireLittleEndian, sizeOf, type Tensor, toTensor } from "./tensor.js";

const KINDS = { "<f8": Float64Array, "<f4": Float32Array, "|u1": Uint8Array } as const;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER = 1_000_000;
/** DEFLATE cannot expand by more than about this. */
const MAX_RATIO = 1032;

/** The bytes of a .npy file, version 1.0 (2.0 for a long header), row-major: `<f8`, `<f4` or `|u1`. */
export function encodeNpy(value: Tensor | Matrix<Real>): Uint8Array {
  requireLittleEndian();
  const { shape, data } = toTensor(value);
  checkTensor({ shape, data }, "npy");
  const descr = data instanceof Float64Array ? "<f8" : data instanceof Float32Array ? "<f4" : "|u1";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The whole header, with its newline, is a multiple of 64 bytes.
  const prefix = text.length + 11 > 0xffc0 ? 12 : 10;
  const total = Math.ceil((prefix + text.length + 1) / 64) * 64;
  const out = new Uint8Array(total + data.byteLength);
  out.set(MAGIC);
  out[6] = prefix === 12 ? 2 : 1;
  const view = new DataView(out.buffer);
  if (prefix === 12) view.setUint32(8, total - prefix, true);
  else view.setUint16(8, total - prefix, true);
  out.set(new TextEncoder().encode(`${text.padEnd(total - prefix - 1)}\n`), prefix);
  out.set(bytesOf(data), total);
  return out;
}

/**
 * Reads a .npy file of `<f8`, `<f4` or `|u1`, versions 1 to 3; Fortran order is turned into row-major for matrices.
 * @throws FormatError when the header is not what numpy writes, or the data is shorter or longer than its shape.
 */
export function decodeNpy(bytes: Uint8Array, name = "npy"): Tensor {
  requireLittleEndian();
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw new FormatError(`"${name}": not a .npy file`);
  const major = bytes[6]!;
  if (major < 1 || major > 3) throw new FormatError(`"${name}": .npy version ${major} is not known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const prefix = major === 1 ? 10 : 12;
  if (bytes.length < prefix) throw new FormatError(`"${name}": the header is cut off`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER || prefix + length > bytes.length)
    throw new FormatError(`"${name}": a header of ${length} bytes does not fit the file of ${bytes.length}`);
  const text = new TextDecoder().decode(bytes.subarray(prefix, prefix + length));
  const descr = /'descr': *'([^']{1,16})'/.exec(text)?.[1];
  const order = /'fortran_order': *(True|False)/.exec(text)?.[1];
  const tuple = /'shape': *\(([0-9, ]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || tuple === undefined)
    throw new FormatError(`"${name}": the header is not a .npy dictionary`);
  if (!Object.hasOwn(KINDS, descr))
    throw new FormatError(`"${name}": type '${descr}' is not supported; ${Object.keys(KINDS).join(", ")} are`);
  const Kind = KINDS[descr as keyof typeof KINDS];
  const shape = tuple
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
  const size = sizeOf(shape, name);
  const start = prefix + length;
  if (bytes.length - start !== size * Kind.BYTES_PER_ELEMENT) {
    throw new FormatError(
      `"${name}": shape (${shape.join(", ")}) of ${descr} needs ${size * Kind.BYTES_PER_ELEMENT} bytes, has ${bytes.length - start}`,
    );
  }
  const data = copyBytes<Real | Uint8Array>(bytes, start, bytes.length, Kind);
  if (order === "True" && shape.length > 1) {
    if (shape.length > 2) throw new FormatError(`"${name}": Fortran order of rank ${shape.length} is not supported`);
    return { shape, data: transposed(data, shape[0]!, shape[1]!) };
  }
  return { shape, data };
}

function transposed(data: Real | Uint8Array, rows: number, cols: number): Real | Uint8Array {
  const out = data.slice();
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[i * cols + j] = data[j * rows + i]!;
  return out;
}

/** The bytes of an .npz file: each array a .npy entry, stored or (`compress`) deflated. Equal input gives equal bytes. */
export function encodeNpz(arrays: Iterable<readonly [string, Tensor | Matrix<Real>]>, { compress = false } = {}): Uint8Array {
  // A null prototype: "__proto__" is a name like any other.
  const files: Zippable = Object.create(null) as Zippable;
  for (const [name, value] of arrays) {
    const file = `${name}.npy`;
    if (Object.hasOwn(files, file)) throw new TypeError(`npz: two arrays are named "${name}"`);
    files[file] = [encodeNpy(value), { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) }];
  }
  return zipSync(files);
}

/**
 * Reads an .npz file. An entry whose claimed size exceeds what its compressed bytes can hold is refused before anything is
 * allocated.
 * @throws FormatError naming the entry.
 */
export function decodeNpz(bytes: Uint8Array): Map<string, Tensor> {
  const names = new Set<string>();
  let compressed = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        if (!name.endsWith(".npy")) throw new FormatError(`npz: entry "${name}" is not a .npy file`);
        if (names.has(name)) throw new FormatError(`npz: two entries are named "${name}"`);
        names.add(name);
        // Entries may not share their bytes: a small file could then hold any amount.
        compressed += size;
        if (compressed > bytes.length) throw new FormatError(`npz: entry "${name}" lies on bytes of another`);
        const most = compression === 0 ? size : size * MAX_RATIO;
        if (originalSize > most) {
          throw new FormatError(`npz: entry "${name}" claims ${originalSize} bytes out of ${size} compressed ones`);
        }
        return true;
      },
    });
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`npz: ${(error as Error).message}`);
  }
  const out = new Map<string, Tensor>();
  for (const file of names) {
    const name = file.slice(0, -4);
    const content = Object.hasOwn(files, file) ? files[file]! : new Uint8Array(0);
    out.set(name, decodeNpy(content, name));
  }
  return out;
}
