import type { Matrix, Real } from "../linalg/matrix.js";
import { bytesOf, checkTensor, copyBytes, FormatError, requireLittleEndian, sizeOf, type Tensor, toTensor } from "./tensor.js";

/** Longest header accepted, as in the reference implementation. */
const MAX_HEADER = 100_000_000;
const KINDS = { F64: Float64Array, F32: Float32Array, U8: Uint8Array } as const;

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/**
 * The bytes of a safetensors file (huggingface/safetensors, format of 2023): eight bytes of header length, a JSON header
 * padded to a multiple of eight, the tensors in the given order without gaps.
 * @throws RangeError when a tensor does not fill its shape, TypeError for a reserved name.
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, Tensor | Matrix<Real>]>,
  metadata: Record<string, string> = {},
): Uint8Array {
  requireLittleEndian();
  const entries = [...tensors].map(([name, value]) => [name, toTensor(value)] as const);
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length) header.push(["__metadata__", metadata]);
  const names = new Set<string>();
  let offset = 0;
  for (const [name, tensor] of entries) {
    if (name === "__metadata__") throw new TypeError('safetensors: "__metadata__" is reserved');
    if (names.has(name)) throw new TypeError(`safetensors: two tensors are named "${name}"`);
    names.add(name);
    checkTensor(tensor, name);
    const end = offset + tensor.data.byteLength;
    const dtype = tensor.data instanceof Float64Array ? "F64" : tensor.data instanceof Float32Array ? "F32" : "U8";
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Written by hand: an object literal would swallow a tensor named "__proto__" and reorder integer names.
  const json = new TextEncoder().encode(`{${header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + padded + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.fill(0x20, 8, 8 + padded);
  out.set(json, 8);
  let at = 8 + padded;
  for (const [, { data }] of entries) {
    out.set(bytesOf(data), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * Reads a safetensors file. Tensors of F64, F32 and U8; every tensor must lie inside the file, fill its shape, and together they
 * must cover the data without overlap or gap. Nothing is allocated before its size is known to be in the file.
 * @throws FormatError naming the entry.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  requireLittleEndian();
  if (bytes.length < 8) throw new FormatError(`safetensors: ${bytes.length} bytes are too few for a header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER)) throw new FormatError(`safetensors: a header of ${length} bytes is longer than ${MAX_HEADER}`);
  const start = 8 + Number(length);
  if (start > bytes.length) throw new FormatError(`safetensors: the header ends at byte ${start}, the file at ${bytes.length}`);
  const header = parseHeader(bytes.subarray(8, start));
  const size = bytes.length - start;

  let metadata: Record<string, string> = {};
  const entries: { name: string; begin: number; end: number; shape: number[]; Kind: (typeof KINDS)[keyof typeof KINDS] }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (!isRecord(value) || !Object.values(value).every((entry) => typeof entry === "string")) {
        throw new FormatError('safetensors: "__metadata__" must map strings to strings');
      }
      metadata = value as Record<string, string>;
      continue;
    }
    if (!isRecord(value)) throw new FormatError(`safetensors: entry "${name}" is not an object`);
    const { dtype, shape, data_offsets: offsets } = value;
    if (typeof dtype !== "string" || !Object.hasOwn(KINDS, dtype)) {
      throw new FormatError(
        `safetensors: entry "${name}" has dtype ${JSON.stringify(dtype)}; ${Object.keys(KINDS).join(", ")} are supported`,
      );
    }
    const Kind = KINDS[dtype as keyof typeof KINDS];
    const elements = sizeOf(shape, name);
    const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || (begin as number) < 0 || (end as number) < (begin as number)) {
      throw new FormatError(`safetensors: entry "${name}" has offsets ${JSON.stringify(offsets)}`);
    }
    if ((end as number) > size) throw new FormatError(`safetensors: entry "${name}" ends at byte ${end} of ${size}`);
    if (elements * Kind.BYTES_PER_ELEMENT !== (end as number) - (begin as number)) {
      throw new FormatError(
        `safetensors: entry "${name}" of shape [${(shape as number[]).join(", ")}] needs ${elements * Kind.BYTES_PER_ELEMENT} bytes, has ${(end as number) - (begin as number)}`,
      );
    }
    entries.push({ name, begin: begin as number, end: end as number, shape: shape as number[], Kind });
  }

  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      throw new FormatError(`safetensors: entry "${name}" begins at byte ${begin}, the data before it ends at ${covered}`);
    covered = end;
  }
  if (covered !== size) throw new FormatError(`safetensors: ${size - covered} bytes at the end belong to no entry`);
  const tensors = new Map<string, Tensor>();
  for (const { name, begin, end, shape, Kind } of entries) {
    tensors.set(name, { shape, data: copyBytes<Real | Uint8Array>(bytes, start + begin, start + end, Kind) });
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw new FormatError("safetensors: the header is not JSON");
  }
  if (!isRecord(header)) throw new FormatError("safetensors: the header is not an object");
  // JSON.parse keeps the last of two equal keys; the format has none.
  let keys = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)) if (colon) keys++;
  const different = Object.values(header).reduce<number>((sum, entry) => sum + (isRecord(entry) ? Object.keys(entry).length : 0), 0);
  if (keys > different + Object.keys(header).length) throw new FormatError("safetensors: the header has a key twice");
  return header;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
