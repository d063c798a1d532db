/** A call that was made, and the judgement on it: the right numbers, in the right places, and nothing else written. */
import type { Signature } from "../../scripts/binding-signatures.js";
import type { Outputs } from "./checks.js";
import { byName, type Draw, isArray, type Numbers, type Routine, snapshot, type Values, View } from "./harness.js";

type Call = (...all: unknown[]) => unknown;

export interface Trial {
  readonly name: string;
  /** The arguments by name, arrays as they were before the call: fresh copies at each call of this function. */
  before(): Values;
  /** The same as they are now. */
  readonly after: Values;
  readonly result: unknown;
  /** What was thrown, or the promise was rejected with. */
  readonly error?: Error & { code?: string };
  /** Unit roundoff of the matrices. */
  readonly u: number;
  /** Whether all inputs are finite numbers of ordinary size, so that error bounds hold. */
  readonly moderate: boolean;
  /** Whether a dimension is too large to look at every element (beside it, another is 0). */
  readonly vast: boolean;
  /** Makes the same call again, and undoes what it wrote; `compare` sees its result while it is there. */
  again(compare: (result: unknown) => void): void;
  /** Array arguments, with what they held before. */
  readonly arrays: ReadonlyMap<Numbers, Numbers>;
}

/** Elements that a call may write. */
export class Writable {
  private readonly places = new Map<ArrayBufferLike, Map<number, { array: Numbers; index: number; checked: boolean }>>();
  /** `checked`: whether the contents are looked at too. */
  add(view: View, i: number, j: number, checked = true): void {
    const [array, index] = [view.origin, view.at(i, j)];
    const places = this.places.get(array.buffer) ?? new Map();
    this.places.set(array.buffer, places);
    places.set(array.byteOffset + index * array.BYTES_PER_ELEMENT, { array, index, checked });
  }
  has(array: Numbers, index: number): boolean {
    return this.places.get(array.buffer)?.has(array.byteOffset + index * array.BYTES_PER_ELEMENT) ?? false;
  }
  /** Places whose contents are looked at, by array. */
  checked(): Map<Numbers, number[]> {
    const out = new Map<Numbers, number[]>();
    for (const places of this.places.values()) {
      for (const { array, index, checked } of places.values()) {
        if (checked) out.set(array, [...(out.get(array) ?? []), index]);
      }
    }
    return out;
  }
}

/** Adds the elements that `outputs` names. */
export function mark(writable: Writable, outputs: Outputs, values: Values, result: unknown): Writable {
  for (const [name, mask] of Object.entries(outputs)) {
    const view = values[name];
    if (!(view instanceof View)) continue;
    for (let i = 0; i < view.rows; i++) {
      for (let j = 0; j < view.cols; j++) {
        const kind = mask === true ? true : mask(i, j, values, result);
        if (kind) writable.add(view, i, j, kind !== "unspecified");
      }
    }
  }
  return writable;
}

/** Makes the call. */
export async function attempt(name: string, routine: Routine, signature: Signature, call: Call, args: unknown[]): Promise<Trial> {
  const arrays = snapshot(args);
  const make = async () => (routine.call ? routine.call(call, args) : call(...args));
  let result: unknown;
  let error: Trial["error"];
  try {
    result = await make();
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw new Error(`threw ${String(thrown)}`);
    error = thrown;
  }
  const numbers = args.filter((x) => typeof x === "number");
  const ordinary = (x: number) => x === 0 || (Math.abs(x) <= 1e6 && Math.abs(x) >= 1e-9);
  const floating = (x: Numbers): x is Float64Array | Float32Array => x instanceof Float64Array || x instanceof Float32Array;
  const write = (from: ReadonlyMap<Numbers, Numbers>) => {
    for (const [array, copy] of from) if (copy.length) (array as Float64Array).set(copy as Float64Array);
  };
  let after: Values | undefined;
  return {
    name,
    before: () => {
      const again = snapshot(arrays.values());
      return byName(routine, signature, args, new Map([...arrays].map(([array, copy]) => [array, again.get(copy)!])));
    },
    get after() {
      after ??= byName(routine, signature, args);
      return after;
    },
    result,
    error,
    u: args.some((x) => x instanceof Float32Array) ? 2 ** -24 : 2 ** -53,
    moderate: numbers.every(ordinary) && [...arrays.values()].every((x) => !floating(x) || (x as Float64Array).every(ordinary)),
    vast: numbers.some((x) => x > 4096 && x === Math.trunc(x) && x < 2 ** 31),
    again: (compare) => {
      const now = snapshot(arrays.keys());
      write(arrays);
      compare(call(...args));
      write(now);
    },
    arrays,
  };
}

/** Throws where something is wrong with what came of a call that did not fail; returns where it may have written. */
export function verify(routine: Routine, trial: Trial): Writable {
  const { check } = routine;
  if (!check.returns && trial.result !== undefined) throw new Error(`returned ${String(trial.result)}`);
  const writable = check.verify(trial);
  untouched(trial, writable);
  return writable;
}

const bits = (x: Numbers) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
const same = (x: Numbers, y: Numbers) => Buffer.compare(bits(x), bits(y)) === 0;

function untouched({ arrays }: Trial, writable: Writable): void {
  for (const [array, copy] of arrays) {
    if (!copy.length || same(array, copy)) continue;
    for (let i = 0; i < copy.length; i++) {
      if (!Object.is(array[i], copy[i]) && !writable.has(array, i)) {
        throw new Error(`element ${i} is ${array[i]}, was ${copy[i]}, and is no part of the result`);
      }
    }
  }
}

/**
 * Makes a call and says what is wrong with what came of it: an error of no allowed kind, something written by a refused
 * call, a wrong result. Throws then.
 */
export async function judge(name: string, routine: Routine, signature: Signature, call: Call, args: unknown[]): Promise<Trial> {
  const trial = await attempt(name, routine, signature, call, args);
  const { error } = trial;
  if (!error) {
    if (!trial.vast) verify(routine, trial);
    return trial;
  }
  const refused = error instanceof TypeError || error instanceof RangeError;
  if (!refused && typeof error.code !== "string") throw new Error(`threw an Error without code: ${error.message}`);
  if (!/^\w+: ./.test(error.message)) throw new Error(`does not name the function: ${error.message}`);
  if (trial.vast) return trial;
  const { outputs = {}, failing = outputs, partial = false } = routine.check;
  const keeps = refused || (error.code === "ERR_NOT_FINITE" && !partial);
  try {
    untouched(trial, keeps ? new Writable() : mark(new Writable(), failing, trial.after, undefined));
  } catch (cause) {
    throw new Error(`failed, but ${(cause as Error).message}: ${error.message}`, { cause });
  }
  routine.check.failed?.(trial);
  return trial;
}

/** Another value of the same type, near by. */
function corrupted(value: unknown, draw: Draw): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? value + 1 : value * 1.01;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value}.`;
  if (isArray(value)) {
    if (!value.length) return new (value.constructor as Float64ArrayConstructor)(1);
    const out = value.slice();
    const finite = [...out.keys()].filter((i) => Number.isFinite(out[i]));
    if (finite.length) spoil(out, draw.pick(...prominent(out, finite)));
    else out[0] = 0;
    return out;
  }
  if (Array.isArray(value)) {
    if (!value.length) return [0];
    const at = draw.integer(0, value.length - 1);
    return value.map((x, i) => (i === at ? corrupted(x, draw) : x));
  }
  if (typeof value === "object" && value !== null) {
    const key = draw.pick(...Object.keys(value));
    return { ...value, [key]: corrupted((value as Values)[key], draw) };
  }
  return 0.01;
}

/** Indices of elements that are not small beside the largest; all where all are zero. */
function prominent(array: Numbers, indices: number[]): number[] {
  if (array instanceof BigUint64Array) return indices;
  const largest = Math.max(...indices.map((i) => Math.abs(Number(array[i]))));
  return indices.filter((i) => Math.abs(Number(array[i])) >= largest / 2);
}

/** Changes an element by a hundredth, a word or an integer by one. */
function spoil(array: Numbers, index: number): void {
  const old = array[index];
  if (typeof old === "bigint") array[index] = old ^ 1n;
  else if (array instanceof Int32Array) array[index] = old! + 1;
  else array[index] = old === 0 ? 0.01 : old! * 1.01;
}

/**
 * Spoils a right result in one element, in what was returned, and beside the result, one after another; throws where the
 * check does not notice. Returns how many times it did.
 */
export function mustNotice(routine: Routine, trial: Trial, writable: Writable, draw: Draw): number {
  const noticed = (what: string, changed: Trial) => {
    try {
      verify(routine, changed);
    } catch {
      return 1;
    }
    throw new Error(`the check does not notice ${what}`);
  };
  const inPlace = (array: Numbers, index: number, what: string) => {
    const old = array[index];
    spoil(array, index);
    const count = noticed(`${what}: element ${index}, ${array[index]} instead of ${old}`, trial);
    array[index] = old;
    return count;
  };
  let count = 0;
  for (const [array, indices] of writable.checked()) {
    const finite = indices.filter((i) => array instanceof BigUint64Array || Number.isFinite(array[i]));
    if (finite.length) count += inPlace(array, draw.pick(...prominent(array, finite)), "one wrong element");
  }
  for (const array of trial.arrays.keys()) {
    const outside = [...array.keys()].filter((i) => !writable.has(array, i));
    if (outside.length) inPlace(array, draw.pick(...outside), "something written beside the result");
  }
  const result = corrupted(trial.result, draw);
  count += noticed(`that it returned ${String(result)}`, Object.create(trial, { result: { value: result } }));
  return count;
}
