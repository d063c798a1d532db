/**
 * Valid calls of the addon's exports, made from what `binding.d.ts` says about them.
 *
 * An array argument `a` is followed by its offset (`aOffset`) and, unless it is a plain run of numbers, by its leading
 * dimension (`lda`, `incx`); the harness chooses those, and a {@link Routine} says only which shape `a` has.
 */
import fc from "fast-check";
import type { Signature } from "../../scripts/binding-signatures.js";
import type { Check } from "./checks.js";

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
  /** What shows that a call did what it should; see checks.ts. */
  check: Check;
  /** How the export is called; by default with its arguments. A promise is awaited. */
  call?(routine: (...all: unknown[]) => unknown, args: unknown[]): unknown;
}

/** A file of test/binding/generators: routines of both precisions by their names without the letter, and others. */
export interface Family {
  both?: Record<string, Routine>;
  others?: Record<string, Routine>;
}

/** Random choices, which fast-check can shrink. */
export class Draw {
  /** `largest`: of dimensions. */
  constructor(
    private readonly g: fc.GeneratorValue,
    private readonly largest = 40,
  ) {}
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
    return this.pick(this.integer(0, 4), this.integer(0, Math.min(12, this.largest)), this.integer(0, this.largest));
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
  /** `origin`: the argument of the call, where `array` is a copy of it. */
  constructor(
    readonly array: Numbers,
    readonly offset: number,
    readonly ld: number,
    readonly rows: number,
    readonly cols: number,
    readonly origin = array,
  ) {}
  at(i: number, j: number): number {
    return this.offset + i * this.ld + j;
  }
  get(i: number, j = 0): number {
    return Number(this.array[this.at(i, j)]);
  }
  /** The elements, one row after another, in an array of their own. */
  contiguous<T extends Numbers = Numbers>(): T {
    const out = new (this.array.constructor as Float64ArrayConstructor)(this.rows * this.cols) as unknown as T;
    for (let i = 0; i < this.rows; i++) for (let j = 0; j < this.cols; j++) out[i * this.cols + j] = this.array[this.at(i, j)]!;
    return out;
  }
  /** `magnitude`: the sum of absolute values of the terms that made `value`, times their number: the error may be that many ε. */
  set(i: number, j: number, value: number, magnitude = Math.abs(value)): void {
    this.array[this.at(i, j)] = value;
    this.written.set(this.at(i, j), magnitude);
  }
}

const constructors = { Float64Array, Float32Array, Int32Array, BigUint64Array } as const;
export const isArray = (x: unknown): x is Numbers => ArrayBuffer.isView(x) && !(x instanceof DataView);
export const isOffset = (name: string) => name.endsWith("Offset");
export const isStep = (name: string) => /^(ld|inc)[A-Za-z0-9]*$/.test(name);
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

/** The arguments by name, arrays as views of `copies` (default: of themselves). */
export function byName(routine: Routine, { parameters }: Signature, args: unknown[], copies?: Map<Numbers, Numbers>): Values {
  const values: Values = {};
  parameters.forEach(({ name }, i) => {
    if (!isOffset(name) && !isStep(name) && !isArray(args[i])) {
      values[name] = args[i];
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
    values[name] = new View(copies?.get(array) ?? array, number(isOffset, 0), number(isStep, 1), ...shape, array);
  });
  return values;
}

/** Copies of all arrays, one for each memory even where several arrays view it. */
export function snapshot(args: Iterable<unknown>): Map<Numbers, Numbers> {
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
