/**
 * Calls of the addon's exports, made from what `binding.d.ts` says about them: valid calls, the same with something broken,
 * and the comparison with a plain reference.
 *
 * An array argument `a` is followed by its offset (`aOffset`) and, unless it is a plain run of numbers, by its leading
 * dimension (`lda`, `incx`); the harness chooses those, and a {@link Routine} says only which shape `a` has.
 */
import fc from "fast-check";
import type { Signature } from "../../scripts/binding-signatures.js";

// biome-ignore lint/suspicious/noExplicitAny: arguments by name, of the types that binding.d.ts gives them
export type Values = Record<string, any>;
export type Numbers = Float64Array | Float32Array | Int32Array | BigUint64Array;

/** What one needs to know of an export in order to call it. */
export interface Routine {
  /** Every argument that is no array, by its name in `binding.d.ts`; offsets and leading dimensions are left out. */
  values(draw: Draw): Values;
  /** Rows and columns of every array argument, [n, 1] for a vector; absent: not given. Called with valid values only. */
  shapes(values: Values): Record<string, [number, number] | undefined>;
  /** Changes the random contents where not every content makes a valid call. */
  fill?(arrays: Record<string, View>, values: Values, draw: Draw): void;
  /** What the routine does, by plain loops: writes with {@link View.set}, returns the result. */
  reference?(values: Values): unknown;
  /** Whether NaN and infinities may show also where the reference has none (0·∞ of a triangle that counts as zero). */
  spreads?: boolean;
  /** How the export is called; by default with its arguments. */
  call?(routine: (...all: unknown[]) => unknown, args: unknown[]): unknown;
}

/** A file of test/binding/generators: routines of both precisions by their names without the letter, and others. */
export interface Family {
  both?: Record<string, Routine>;
  others?: Record<string, Routine>;
}

/** Random choices, which fast-check can shrink. */
export class Draw {
  constructor(private readonly g: fc.GeneratorValue) {}
  integer(min: number, max: number): number {
    return this.g(fc.integer, { min, max });
  }
  boolean(): boolean {
    return this.g(fc.boolean);
  }
  pick<T>(...from: T[]): T {
    return from[this.integer(0, from.length - 1)];
  }
  /** A dimension: mostly small, sometimes beyond the small kernels' 32. */
  dimension(): number {
    return this.pick(this.integer(0, 4), this.integer(0, 12), this.integer(0, 40));
  }
  scalar(): number {
    return this.pick(0, 1, -1, this.integer(-24, 24) / 8);
  }
  /** Moderate numbers, exact in both precisions. */
  contents(array: Numbers): void {
    let state = this.integer(0, 0x7fffffff);
    for (let i = 0; i < array.length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      const value = ((state >>> 8) % 65) - 32;
      array[i] = array instanceof BigUint64Array ? BigInt(state) : array instanceof Int32Array ? value : value / 8;
    }
  }
}

/** A matrix inside an array, to be read and written by a reference; it remembers what was written. */
export class View {
  readonly written = new Map<number, number>();
  constructor(
    readonly array: Numbers,
    readonly offset: number,
    readonly ld: number,
    readonly rows: number,
    readonly cols: number,
  ) {}
  at(i: number, j: number): number {
    return this.offset + i * this.ld + j;
  }
  get(i: number, j = 0): number {
    return Number(this.array[this.at(i, j)]);
  }
  /** `magnitude`: the sum of absolute values of the terms that made `value`, times their number: the error may be that many ε. */
  set(i: number, j: number, value: number, magnitude = Math.abs(value)): void {
    this.array[this.at(i, j)] = value;
    this.written.set(this.at(i, j), magnitude);
  }
}

const constructors = { Float64Array, Float32Array, Int32Array, BigUint64Array } as const;
const isArray = (x: unknown): x is Numbers => ArrayBuffer.isView(x) && !(x instanceof DataView);
const isOffset = (name: string) => name.endsWith("Offset");
const isStep = (name: string) => /^(ld|inc)[A-Za-z0-9]*$/.test(name);
const arrayType = (type: string) => constructors[type.replace(/ \| (undefined|null)/, "") as keyof typeof constructors];

/** Arguments of a valid call, in the order of the signature. */
export function validCall(routine: Routine, { parameters, required }: Signature, draw: Draw): unknown[] {
  const values = routine.values(draw);
  const shapes = routine.shapes(values);
  const views: Record<string, View> = {};
  const args: unknown[] = [];
  let current: View | undefined;
  parameters.forEach(({ name, type }, index) => {
    if (name in values) {
      args.push(values[name]);
      if (values[name] === null) current = undefined; // the placeholders of an absent array
    } else if (isOffset(name)) args.push(current?.offset);
    else if (isStep(name)) args.push(current?.ld);
    else {
      const Type = arrayType(type);
      if (!Type) throw new Error(`no value for ${name}`);
      const shape = shapes[name];
      current = undefined;
      if (shape) {
        const [rows, cols] = shape;
        const strided = parameters.slice(index + 1, index + 3).some((p) => isStep(p.name));
        const placed = parameters[index + 1] !== undefined && isOffset(parameters[index + 1].name);
        const ld = strided ? Math.max(1, cols) + draw.pick(0, 0, 1, 5) : 1;
        const offset = placed ? draw.pick(0, 0, 1, 7) : 0;
        const array = new Type(offset + (rows && cols ? (rows - 1) * ld + cols : 0) + (placed ? draw.pick(0, 0, 3) : 0));
        draw.contents(array);
        current = new View(array, offset, ld, rows, cols);
        views[name] = current;
      }
      args.push(current?.array);
    }
  });
  routine.fill?.(views, values, draw);
  while (args.length > required && args.at(-1) === undefined) args.pop();
  return args;
}

/** The arguments by name, arrays as views of `copies`. */
function byName(routine: Routine, { parameters }: Signature, args: unknown[], copies: Map<Numbers, Numbers>): Values {
  const single = args.some((x) => x instanceof Float32Array);
  const values: Values = {};
  parameters.forEach(({ name }, i) => {
    if (!isOffset(name) && !isStep(name) && !isArray(args[i])) {
      values[name] = typeof args[i] === "number" && single ? Math.fround(args[i] as number) : args[i];
    }
  });
  const shapes = routine.shapes(values);
  parameters.forEach(({ name }, i) => {
    const array = args[i];
    const shape = shapes[name];
    if (!isArray(array) || !shape) return;
    const number = (test: (name: string) => boolean, otherwise: number) => {
      for (const j of [i + 1, i + 2]) if (parameters[j] && test(parameters[j].name)) return args[j] as number;
      return otherwise;
    };
    values[name] = new View(copies.get(array)!, number(isOffset, 0), number(isStep, 1), ...shape);
  });
  return values;
}

/** Copies of all arrays, one for each memory even where several arrays view it. */
function snapshot(args: unknown[]): Map<Numbers, Numbers> {
  const buffers = new Map<ArrayBufferLike, ArrayBuffer>();
  const out = new Map<Numbers, Numbers>();
  for (const x of args) {
    if (!isArray(x) || !(x.constructor as { name: string }).name.match(/^(Float64|Float32|Int32|BigUint64)Array$/)) continue;
    // A detached array, or one that a shrunk buffer no longer holds, has nothing to copy. (The length alone does not tell:
    // compiled code has been seen to go on with the old one.)
    if (x.length === 0 || x.buffer.byteLength === 0) {
      out.set(x, new (x.constructor as Float64ArrayConstructor)(0));
      continue;
    }
    if (!buffers.has(x.buffer)) buffers.set(x.buffer, new Uint8Array(x.buffer).slice().buffer);
    out.set(x, new (x.constructor as Float64ArrayConstructor)(buffers.get(x.buffer)!, x.byteOffset, x.length) as Numbers);
  }
  return out;
}

const bits = (x: Numbers) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
const same = (x: Numbers, y: Numbers) => Buffer.compare(bits(x), bits(y)) === 0;

export interface Outcome {
  error?: Error & { code?: string };
}

/**
 * Makes a call and says what is wrong with what came of it: an error of no allowed kind, something written by a refused
 * call, a result other than the reference's. Throws then.
 */
export function judge(
  name: string,
  routine: Routine,
  signature: Signature,
  call: (...all: unknown[]) => unknown,
  args: unknown[],
): Outcome {
  const before = snapshot(args);
  let result: unknown;
  try {
    result = routine.call ? routine.call(call, args) : call(...args);
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`threw ${String(error)}`);
    const code = (error as { code?: string }).code;
    const refused = error instanceof TypeError || error instanceof RangeError;
    if (!refused && typeof code !== "string") throw new Error(`threw an Error without code: ${error.message}`);
    if (!/^\w+: ./.test(error.message)) throw new Error(`does not name the function: ${error.message}`);
    if (refused || code === "ERR_NOT_FINITE") {
      for (const [array, copy] of before) if (copy.length && !same(array, copy)) throw new Error(`wrote before refusing: ${error.message}`);
    }
    return { error };
  }
  if (routine.reference) compare(name, routine, signature, args, before, result);
  return {};
}

function compare(
  name: string,
  routine: Routine,
  signature: Signature,
  args: unknown[],
  before: Map<Numbers, Numbers>,
  result: unknown,
): void {
  const single = args.some((x) => x instanceof Float32Array);
  const [ulp, largest, tiny] = single ? [2 ** -24, 3.4e38, 2 ** -149] : [2 ** -53, Number.MAX_VALUE, Number.MIN_VALUE];
  const numbers = args.filter((x) => typeof x === "number");
  if (numbers.some((x) => x > 4096 && x === Math.trunc(x) && x < 2 ** 31)) return; // a huge dimension beside an empty one
  const extreme = numbers.some((x) => !(Math.abs(x) < largest * 2 ** -20));
  const finite = [...before.values()].every((x) => x instanceof BigUint64Array || (x as Float64Array).every(Number.isFinite));
  const values = byName(routine, signature, args, before);
  const expected = routine.reference!(values);
  const views = Object.values(values).filter((x): x is View => x instanceof View);
  const written = new Map<string, number>();
  for (const view of views)
    for (const [at, magnitude] of view.written) written.set(`${view.array.byteOffset + at * view.array.BYTES_PER_ELEMENT}`, magnitude);
  const close = (x: number, y: number, magnitude: number) =>
    extreme ||
    !Number.isFinite(y) ||
    !(magnitude < largest * 2 ** -20) ||
    (routine.spreads && !finite) ||
    Math.abs(x - y) <= 8 * ulp * magnitude + 4096 * tiny;
  for (const [array, copy] of before) {
    for (let i = 0; i < copy.length; i++) {
      const magnitude = written.get(`${copy.byteOffset + i * copy.BYTES_PER_ELEMENT}`);
      const ok = magnitude === undefined ? Object.is(array[i], copy[i]) : close(Number(array[i]), Number(copy[i]), magnitude);
      if (!ok) throw new Error(`element ${i} is ${array[i]}, the reference ${magnitude === undefined ? "leaves" : "gives"} ${copy[i]}`);
    }
  }
  if (typeof expected === "number" && !close(result as number, expected, values.magnitude ?? Math.abs(expected))) {
    throw new Error(`${name} returned ${String(result)}, the reference ${expected}`);
  }
}

/** A change to a valid call; says whether it must be refused. */
export interface Mutation {
  args: unknown[];
  what: string;
  /** Whether an error is the only right answer. */
  mustFail: boolean;
}

const hugeNumbers = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -0,
  0.5,
  1e308,
  -1e308,
  5e-324,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 31),
  46341,
  65536,
];
const others: unknown[] = [
  undefined,
  null,
  "1",
  {},
  [],
  [1, 2, 3, 4],
  Symbol("x"),
  1n,
  () => 1,
  new ArrayBuffer(64),
  new DataView(new ArrayBuffer(64)),
  new Date(0),
];

export function mutate(valid: unknown[], { required }: Signature, draw: Draw): Mutation {
  const args = [...valid];
  const at = draw.integer(0, Math.max(0, args.length - 1));
  const old = args[at];
  const put = (value: unknown, what: string, mustFail: boolean): Mutation => {
    args[at] = value;
    return { args, what: `argument ${at}: ${what}`, mustFail };
  };
  const kind = draw.integer(0, 9);
  if (!args.length || kind === 0) return { args, what: "nothing", mustFail: false };
  if (kind === 1) {
    const count = draw.integer(0, args.length - 1);
    return { args: args.slice(0, count), what: `only ${count} arguments`, mustFail: count < required };
  }
  if (kind === 2) return { args: [...args, ...others.slice(0, 3)], what: "more arguments", mustFail: false };
  if (kind === 3 || !(typeof old === "number" || isArray(old))) {
    const wrong = draw.pick(
      ...others,
      ...(typeof old === "number" ? [] : [7]),
      ...(typeof old === "boolean" ? [] : [true]),
      ...(isArray(old) ? wrongArrays(old) : [new Float64Array(8)]),
    );
    return put(wrong, `a ${typeof wrong}`, old !== undefined && at < required && typeof old !== typeof wrong);
  }
  if (typeof old === "number") return put(draw.pick(...hugeNumbers, old + 1, old - 1, old * 2), "another number", false);
  return put(...changedArray(old, args, draw));
}

/** Two arguments in one memory: at the same place, overlapping, or one behind the other. */
export function aliased(valid: unknown[], { parameters }: Signature, draw: Draw): Mutation {
  const args = [...valid];
  const arrays = args.flatMap((x, i) => (isArray(x) && isOffset(parameters[i + 1]?.name ?? "") ? [i] : []));
  const pairs = arrays.flatMap((i) => arrays.filter((j) => j !== i && args[i]!.constructor === args[j]!.constructor).map((j) => [i, j]));
  if (!pairs.length) return { args, what: "nothing to alias", mustFail: false };
  const [i, j] = draw.pick(...pairs);
  const [first, second] = [args[i] as Numbers, args[j] as Numbers];
  const shift = draw.pick(0, 0, 1, draw.integer(0, first.length), first.length);
  const memory = new (first.constructor as Float64ArrayConstructor)(Math.max(first.length, second.length + shift)) as Float64Array;
  memory.set(second as Float64Array, shift);
  memory.set(first as Float64Array);
  args[i] = memory;
  args[j] = memory;
  args[j + 1] = (args[j + 1] as number) + shift;
  return { args, what: `arguments ${i} and ${j} share memory, shifted by ${shift}`, mustFail: false };
}

/** Several dimensions at once as large as they may be, or larger: products that overflow beside arrays that are empty or small. */
export function huge(valid: unknown[], { parameters }: Signature, draw: Draw): Mutation {
  const sizes = [
    2 ** 31 - 1,
    2 ** 31 - 1,
    2 ** 31 - 2,
    2 ** 30,
    46341,
    65536,
    2 ** 31,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53,
    2 ** 53 + 2,
    4,
    2,
    0,
  ];
  const args = valid.map((x, i) => {
    const name = parameters[i]?.name ?? "";
    if (typeof x !== "number" || !Number.isInteger(x) || isOffset(name) || draw.integer(0, 3) === 0) return x;
    return isStep(name) ? draw.pick(2 ** 31 - 1, 2 ** 30, x) : draw.pick(...sizes);
  });
  return { args, what: "huge dimensions", mustFail: false };
}

/** NaN, infinities and numbers near the ends of the range in some arrays. */
export function wild(valid: unknown[], draw: Draw): Mutation {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e38, 1e-300, 5e-324, -0];
  const args = valid.map((x) => {
    if (!(x instanceof Float64Array || x instanceof Float32Array) || draw.boolean()) return x;
    const out = x.slice();
    if (draw.boolean()) return out.fill(draw.pick(...values));
    for (let count = draw.integer(1, 3); count > 0 && out.length; count--) out[draw.integer(0, out.length - 1)] = draw.pick(...values);
    return out;
  });
  return { args, what: "wild numbers", mustFail: false };
}

/** Arrays of the same length and another type. */
function wrongArrays(like: Numbers): unknown[] {
  return [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ]
    .filter((type) => !(like instanceof type))
    .map((type) => new type(like.length));
}

function changedArray(array: Numbers, args: unknown[], draw: Draw): [unknown, string, boolean] {
  const type = array.constructor as unknown as {
    new (buffer: ArrayBufferLike, offset?: number, length?: number): Numbers;
    new (n: number): Numbers;
  };
  const bytes = array.byteLength;
  const copy = () => (array.length ? (array.slice() as Numbers) : new type(0));
  const onto = (buffer: ArrayBufferLike, offset: number): Numbers => {
    const out = new type(buffer, offset, array.length);
    if (array.length) (out as Float64Array).set(array as Float64Array);
    return out;
  };
  const resizable = (n: number) =>
    new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer & { resize(n: number): void })(n, {
      maxByteLength: Math.max(n, 1 << 16),
    });
  switch (draw.integer(0, 11)) {
    case 0: {
      const moved = copy();
      structuredClone(moved, { transfer: [moved.buffer as ArrayBuffer] });
      return [moved, "detached", false];
    }
    case 1:
      return [onto(new SharedArrayBuffer(bytes), 0), "shared", false];
    case 2:
      return [onto(resizable(bytes + 16), 16), "resizable", false];
    case 3: {
      const buffer = resizable(bytes);
      const out = onto(buffer, 0);
      buffer.resize(draw.integer(0, bytes >> 3) << 3);
      return [out, "shrunk", false];
    }
    case 4: {
      const buffer = resizable(bytes);
      const tracking = new type(buffer);
      if (array.length) (tracking as Float64Array).set(array as Float64Array);
      buffer.resize(bytes + 64);
      return [tracking, "length-tracking", false];
    }
    case 5:
      return [onto(new ArrayBuffer(bytes + 64), 24 - (24 % array.BYTES_PER_ELEMENT)), "inside a larger buffer", false];
    case 6:
      return [copy().slice(0, draw.integer(0, array.length)), "shorter", false];
    case 7:
      return [new type(0), "empty", false];
    case 8: {
      const same = args.filter((x) => x !== array && isArray(x) && x.constructor === array.constructor);
      return [same.length ? draw.pick(...same) : array, "another argument", false];
    }
    case 9: {
      // The same memory as another argument, shifted.
      const same = args.filter((x): x is Numbers => x !== array && isArray(x) && x.length > 0 && x.constructor === array.constructor);
      if (!same.length) return [array, "the same", false];
      const other = draw.pick(...same);
      const start = draw.integer(0, other.length);
      return [other.subarray(start), "part of another argument", false];
    }
    default: {
      const out = copy();
      const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1e300, 1e-300, 5e-324, -0];
      const value = draw.pick(...values);
      if (out instanceof BigUint64Array) out.fill(2n ** 64n - 1n);
      else if (draw.boolean()) (out as Float64Array).fill(value);
      else if (out.length) out[draw.integer(0, out.length - 1)] = value;
      return [out, `with ${value}`, false];
    }
  }
}
