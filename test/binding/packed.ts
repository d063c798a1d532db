/** Packed calls (`packed` in binding.d.ts): with the arguments of ordinary ones, and with arrays that nobody has looked at. */
import fc from "fast-check";
import type { Signature } from "../../scripts/binding-signatures.js";
import { Draw } from "./harness.js";
import { arrayClasses } from "./mutations.js";

type Call = (...args: unknown[]) => unknown;
interface Packed {
  numbers: Float64Array;
  call: Call;
}

/** The routine called in its packed form with ordinary arguments, or, where their types are not those it wants, in the ordinary one. */
export function packedCall(all: Record<string, Call>, name: string, { parameters }: Signature): Call {
  const { numbers, call } = all.packed!(name) as Packed;
  const wanted = name.startsWith("d") ? "[object Float64Array]" : "[object Float32Array]";
  return (...args) => {
    const fits = parameters.every(({ type }, i) =>
      type === "number" || type === "boolean" ? typeof args[i] === type : Object.prototype.toString.call(args[i]) === wanted,
    );
    if (!fits) return all[name]!(...args);
    const scalars = args.slice(0, parameters.length).filter((x) => typeof x !== "object") as (number | boolean)[];
    numbers.fill(Number.NaN);
    numbers.set(scalars.map(Number));
    return call(...args.slice(0, parameters.length).filter((x) => typeof x === "object"));
  };
}

/** Arrays of any class over a part of any buffer, and things that are none. */
function anything(draw: Draw): unknown {
  const kind = draw.integer(0, 9);
  if (kind === 0) return draw.pick<unknown>(undefined, null, 1, "1", {}, [1, 2, 3], new ArrayBuffer(64), new DataView(new ArrayBuffer(64)));
  const Type = draw.pick(...arrayClasses);
  const [skipped, length] = [draw.integer(0, 3), draw.integer(0, 40)];
  const bytes = (skipped + length) * Type.BYTES_PER_ELEMENT + 8 * draw.integer(0, 2);
  const Resizable = ArrayBuffer as new (bytes: number, options: { maxByteLength?: number }) => ArrayBuffer;
  const buffer = kind === 1 ? new SharedArrayBuffer(bytes) : new Resizable(bytes, kind === 2 ? { maxByteLength: 2 * bytes + 8 } : {});
  const array = new Type(buffer as ArrayBuffer, skipped * Type.BYTES_PER_ELEMENT, length);
  if (kind === 2) (buffer as ArrayBuffer & { resize(bytes: number): void }).resize(draw.integer(0, bytes));
  if (kind === 3) structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  return array;
}

/**
 * Throws when a packed call given arrays of any class answers with anything but an error of the right kind or a result, or
 * writes to memory beside its arrays' buffers (which a sanitizer sees).
 */
export function surviveAnyArrays(all: Record<string, Call>, name: string, options: fc.Parameters<unknown>): void {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const draw = new Draw(g);
      const { numbers, call } = all.packed!(name) as Packed;
      const size = draw.integer(0, 8);
      for (let i = 0; i < numbers.length; i++)
        numbers[i] = draw.pick(0, 1, size, size, draw.integer(0, 40), draw.pick(Number.NaN, -1, 0.5, 2 ** 31, 2 ** 53));
      if (draw.boolean()) numbers.fill(size);
      try {
        call(...Array.from({ length: draw.integer(0, 4) }, () => anything(draw)));
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
        if (!error.message.startsWith(`${name}: `)) throw new Error(`does not name the function: ${error.message}`);
      }
    }),
    options as fc.Parameters<[fc.GeneratorValue]>,
  );
}
