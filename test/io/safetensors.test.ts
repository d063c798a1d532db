import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors, FormatError, type Tensor } from "../../lib/io/index.js";

/** A file with this header and so many zero bytes of data. */
function file(header: unknown, data: number, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + data);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = "F64") => ({ dtype, shape, data_offsets: [begin, end] });

describe("safetensors", () => {
  it("is laid out as the format says", () => {
    const bytes = encodeSafetensors([["a", { shape: [2], data: new Float32Array([1, 2]) }]], { k: "v" });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { k: "v" },
      a: { dtype: "F32", shape: [2], data_offsets: [0, 8] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 64]);
  });

  it("reads what the reference implementation writes: sorted by alignment, header padded with spaces", () => {
    const bytes = file(
      `{"__metadata__":{"format":"pt"},"w":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[],"data_offsets":[16,20]}}   `,
      20,
    );
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(metadata).toEqual({ format: "pt" });
    expect(tensors.get("w")).toEqual({ shape: [1, 2], data: new Float64Array(2) });
    expect(tensors.get("b")).toEqual({ shape: [], data: new Float32Array(1) });
  });

  it("gives every tensor back to the bit, whatever its name", () => {
    const tensor: fc.Arbitrary<Tensor> = fc
      .tuple(fc.array(fc.nat(4), { maxLength: 3 }), fc.constantFrom(Float64Array, Float32Array, Uint8Array), fc.infiniteStream(fc.double()))
      .map(([shape, Kind, stream]) => {
        const size = shape.reduce((x, y) => x * y, 1);
        return { shape, data: new Kind(Array.from({ length: size }, () => stream.next().value as number)) };
      });
    const names = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "constructor", "0", "toString"));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 5 }),
        fc.dictionary(fc.string(), fc.string()),
        (entries, metadata) => {
          const read = decodeSafetensors(encodeSafetensors(entries, metadata));
          expect(read.tensors).toEqual(new Map(entries));
          expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata));
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["too short", new Uint8Array(5), /5 bytes are too few/],
    ["a huge header", file({}, 0, 2n ** 63n), /longer than 100000000/],
    ["a header past the end", file({}, 0, 1000n), /ends at byte 1008, the file at 10/],
    ["no JSON", file("{'a'", 0), /not JSON/],
    ["invalid UTF-8", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff]), /not JSON/],
    ["a list", file([], 0), /not an object/],
    ["an entry that is no object", file({ a: 1 }, 0), /entry "a" is not an object/],
    ["another dtype", file({ a: entry([1], 0, 8, "I64") }, 8), /entry "a" has dtype "I64"/],
    ["a dtype of Object", file({ a: entry([1], 0, 8, "toString") }, 8), /dtype "toString"/],
    ["no shape", file({ a: entry(null, 0, 8) }, 8), /"a": the shape is not a list/],
    ["a negative size", file({ a: entry([-1], 0, 8) }, 8), /has -1/],
    ["a fraction", file({ a: entry([1.5], 0, 8) }, 8), /has 1.5/],
    ["an overflowing shape", file({ a: entry([2 ** 40, 2 ** 40], 0, 8) }, 8), /too large/],
    ["offsets past the end", file({ a: entry([2], 0, 16) }, 8), /"a" ends at byte 16 of 8/],
    ["offsets backwards", file({ a: entry([0], 8, 0) }, 8), /offsets \[8,0\]/],
    ["negative offsets", file({ a: entry([1], -8, 0) }, 8), /offsets/],
    ["a shape that does not fill its bytes", file({ a: entry([2], 0, 8) }, 8), /needs 16 bytes, has 8/],
    ["overlap", file({ a: entry([2], 0, 16), b: entry([1], 8, 16) }, 16), /"b" begins at byte 8, the data before it ends at 16/],
    ["a gap", file({ a: entry([1], 0, 8), b: entry([1], 16, 24) }, 24), /"b" begins at byte 16/],
    ["bytes left over", file({ a: entry([1], 0, 8) }, 12), /4 bytes at the end/],
    ["metadata of numbers", file({ __metadata__: { a: 1 } }, 0), /strings to strings/],
  ])("refuses %s", (_name, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
    expect(() => decodeSafetensors(bytes)).toThrow(FormatError);
  });

  it("whatever is changed in a file, reading gives tensors or a FormatError", () => {
    const good = encodeSafetensors(
      [
        ["a", { shape: [2, 2], data: new Float64Array(4) }],
        ["b", { shape: [3], data: new Float32Array(3) }],
      ],
      { k: "v" },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(good.length),
        (edits, length) => {
          const copy = good.slice(0, length);
          for (const [at, byte] of edits) if (at < copy.length) copy[at] = byte;
          try {
            decodeSafetensors(copy);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("refuses to write tensors that do not fill their shape, and names twice", () => {
    expect(() => encodeSafetensors([["a", { shape: [3], data: new Float64Array(2) }]])).toThrow(/"a".*needs 3 elements, got 2/);
    const t = { shape: [0], data: new Float64Array(0) };
    expect(() =>
      encodeSafetensors([
        ["a", t],
        ["a", t],
      ]),
    ).toThrow(/two tensors are named "a"/);
    expect(() => encodeSafetensors([["__metadata__", t]])).toThrow(/reserved/);
  });
});
