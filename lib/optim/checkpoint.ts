import { decodeNpz, decodeSafetensors, encodeNpz, encodeSafetensors, FormatError, type Tensor, toMatrix } from "../io/index.js";
import { dtypeOf, Matrix, type Real } from "../linalg/matrix.js";
import { isFiniteMatrix } from "./elementwise.js";
import type { Optimizer, OptimizerState, StateValue } from "./types.js";

/** The entry that holds everything but the matrices, as JSON: safetensors metadata, or bytes in .npz. */
const STRUCTURE = "layerwise";

/** Formats of checkpoint files. */
export type CheckpointFormat = "safetensors" | "npz";

/**
 * Weights and optimizer state in one file: matrices as tensors under readable names (`weights/…`, `state/…`), the rest as JSON.
 * Loading it into an optimizer made by the same call continues training to the bit.
 */
export function saveCheckpoint(optimizer: Optimizer, { format = "safetensors" as CheckpointFormat } = {}): Uint8Array {
  const tensors = new Map<string, Matrix<Real>>();
  for (const { name, value } of optimizer.parameters) tensors.set(`weights/${name}`, value);
  const structure = JSON.stringify({ version: 1, state: flatten(optimizer.state() as unknown as StateValue, "state", tensors) });
  if (format === "safetensors") return encodeSafetensors(tensors, { [STRUCTURE]: structure });
  const data = new TextEncoder().encode(structure);
  return encodeNpz([...tensors, [STRUCTURE, { shape: [data.length], data }] as [string, Tensor]]);
}

/**
 * Restores weights and state from {@link saveCheckpoint} of either format. Nothing is written unless everything fits.
 * @throws FormatError for a malformed file; Error naming the entry for another method, shape or precision.
 */
export function loadCheckpoint(optimizer: Optimizer, bytes: Uint8Array): void {
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const { tensors, structure } = zip ? fromNpz(bytes) : fromSafetensors(bytes);
  const weights = optimizer.parameters.map(({ name, value }) => {
    const saved = tensors.get(`weights/${name}`);
    if (!saved) throw new Error(`checkpoint: no weight for parameter "${name}"`);
    const matrix = toMatrix(saved, `weights/${name}`);
    if (matrix.rows !== value.rows || matrix.cols !== value.cols || dtypeOf(matrix) !== dtypeOf(value)) {
      throw new Error(
        `checkpoint: entry "weights/${name}" is ${matrix.rows}×${matrix.cols} ${dtypeOf(matrix)}, the weight ${value.rows}×${value.cols} ${dtypeOf(value)}`,
      );
    }
    if (!isFiniteMatrix(matrix)) throw new Error(`checkpoint: entry "weights/${name}" has NaN or infinite elements`);
    return { value, matrix };
  });
  optimizer.load(unflatten(parse(structure), tensors) as unknown as OptimizerState);
  for (const { value, matrix } of weights) value.copy(matrix);
}

function fromSafetensors(bytes: Uint8Array): { tensors: Map<string, Tensor>; structure: string | undefined } {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return { tensors, structure: Object.hasOwn(metadata, STRUCTURE) ? metadata[STRUCTURE] : undefined };
}

function fromNpz(bytes: Uint8Array): { tensors: Map<string, Tensor>; structure: string | undefined } {
  const tensors = decodeNpz(bytes);
  const structure = tensors.get(STRUCTURE);
  return { tensors, structure: structure?.data instanceof Uint8Array ? new TextDecoder().decode(structure.data) : undefined };
}

function parse(structure: string | undefined): unknown {
  if (structure === undefined) throw new FormatError(`checkpoint: entry "${STRUCTURE}" is missing; this is no layerwise checkpoint`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(structure);
  } catch {
    throw new FormatError(`checkpoint: entry "${STRUCTURE}" is not JSON`);
  }
  const { version, state } = (parsed ?? {}) as { version?: unknown; state?: unknown };
  if (version !== 1 || typeof state !== "object" || state === null)
    throw new FormatError(`checkpoint: entry "${STRUCTURE}" is not of version 1`);
  const { method, t, lr, parameters, shared } = state as Record<string, unknown>;
  if (typeof method !== "string" || !Number.isSafeInteger(t) || typeof lr !== "number" || !isRecord(parameters) || !isRecord(shared)) {
    throw new FormatError(`checkpoint: entry "${STRUCTURE}" does not describe an optimizer state`);
  }
  return state;
}

/** Moves matrices into `tensors`, leaving {$tensor: name}; numbers that JSON would change become {$number: text}. */
function flatten(value: StateValue, path: string, tensors: Map<string, Matrix<Real>>): unknown {
  if (value instanceof Matrix) {
    tensors.set(path, value);
    return { $tensor: path };
  }
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : `${value}` };
  if (Array.isArray(value)) return value.map((entry, i) => flatten(entry, `${path}/${i}`, tensors));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, flatten(entry, `${path}/${key}`, tensors)]));
  }
  return value;
}

function unflatten(value: unknown, tensors: ReadonlyMap<string, Tensor>): unknown {
  if (Array.isArray(value)) return value.map((entry) => unflatten(entry, tensors));
  if (!isRecord(value)) return value;
  if (typeof value.$number === "string") return Number(value.$number);
  if (typeof value.$tensor === "string") {
    const tensor = tensors.get(value.$tensor);
    if (!tensor) throw new FormatError(`checkpoint: tensor "${value.$tensor}" is missing`);
    return toMatrix(tensor, value.$tensor);
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unflatten(entry, tensors)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
