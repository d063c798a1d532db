import { dtypeOf, Matrix, type Real } from "../linalg/matrix.js";
import type { StateRecord, StateValue } from "./types.js";

/** A deep copy; matrices become contiguous. */
export function snapshot(value: StateValue): StateValue {
  if (value instanceof Matrix) return value.clone();
  if (Array.isArray(value)) return value.map(snapshot);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, snapshot(entry)]));
  }
  return value;
}

/** The plain record an object of state is. */
function record(value: StateValue): value is StateRecord | StateValue[] {
  return value !== null && typeof value === "object" && !(value instanceof Matrix);
}

/** A matrix; also what `structuredClone` and messages between threads make of one, which loses the class. Otherwise null. */
function asMatrix(value: StateValue | undefined): Matrix<Real> | null {
  if (value instanceof Matrix) return value;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const { data, rows, cols, stride, offset } = value as unknown as Partial<Matrix<Real>>;
  if (!(data instanceof Float64Array || data instanceof Float32Array)) return null;
  try {
    return new Matrix<Real>(data, rows!, cols!, stride, offset);
  } catch {
    return null;
  }
}

/**
 * Writes `source` into `target`: matrices into the buffers that are there. With `dry` it only checks.
 * @throws Error naming the entry (`path`) whose kind, shape or precision differs.
 */
export function restore(target: StateValue, source: StateValue | undefined, path: string, dry = false): void {
  if (!record(target)) throw new Error(`checkpoint: entry "${path}" cannot be restored`);
  if (!record(source as StateValue)) throw new Error(`checkpoint: entry "${path}" should be ${describe(target)}, got ${describe(source)}`);
  const from = source as Record<string, StateValue>;
  const into = target as Record<string, StateValue>;
  for (const key of Object.keys(from)) {
    if (!Object.hasOwn(into, key)) throw new Error(`checkpoint: unexpected entry "${path}/${key}"`);
  }
  for (const key of Object.keys(into)) {
    const here = into[key]!;
    const entry = `${path}/${key}`;
    if (!Object.hasOwn(from, key)) throw new Error(`checkpoint: entry "${entry}" is missing`);
    const there = from[key]!;
    if (here instanceof Matrix) {
      const saved = asMatrix(there);
      if (!saved || saved.rows !== here.rows || saved.cols !== here.cols || dtypeOf(saved) !== dtypeOf(here)) {
        throw new Error(`checkpoint: entry "${entry}" should be ${describe(here)}, got ${describe(saved ?? there)}`);
      }
      if (!dry) here.copy(saved);
    } else if (record(here)) {
      restore(here, there, entry, dry);
    } else {
      if (typeof here !== typeof there || (here === null) !== (there === null)) {
        throw new Error(`checkpoint: entry "${entry}" should be ${describe(here)}, got ${describe(there)}`);
      }
      if (Number.isNaN(there)) throw new Error(`checkpoint: entry "${entry}" should be a number, got NaN`);
      if (!dry) into[key] = there;
    }
  }
}

function describe(value: StateValue | undefined): string {
  if (value instanceof Matrix) return `a ${value.rows}×${value.cols} ${dtypeOf(value)} matrix`;
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? `a list of ${value.length}` : typeof value === "object" ? "a record" : `a ${typeof value}`;
}

/** Bytes of the matrices in a state. */
export function stateBytes(value: StateValue): number {
  if (value instanceof Matrix) return value.rows * value.cols * value.data.BYTES_PER_ELEMENT;
  if (value !== null && typeof value === "object") {
    let sum = 0;
    for (const entry of Object.values(value)) sum += stateBytes(entry);
    return sum;
  }
  return 0;
}
