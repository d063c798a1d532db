/** Changes to valid calls: broken arguments, aliasing, numbers at the ends of the range, huge dimensions. */
import type { Signature } from "../../scripts/binding-signatures.js";
import { type Draw, isArray, isOffset, isStep, type Numbers } from "./harness.js";

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
    // The placeholders of an absent array may be left out.
    const mustFail = args.slice(count, required).some((x) => x !== undefined);
    return { args: args.slice(0, count), what: `only ${count} arguments`, mustFail };
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

/** Classes of typed arrays, with one that not every Node has. */
export const arrayClasses = [
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
  ...["Float16Array"].flatMap((name) => (globalThis as unknown as Record<string, Float64ArrayConstructor | undefined>)[name] ?? []),
];

/** Arrays of the same length and another type. */
function wrongArrays(like: Numbers): unknown[] {
  return arrayClasses.filter((type) => !(like instanceof type)).map((type) => new type(like.length));
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
