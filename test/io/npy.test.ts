import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNpy, decodeNpz, encodeNpy, encodeNpz, FormatError, type Tensor } from "../../lib/io/index.js";
import { Matrix } from "../../lib/linalg/matrix.js";

// Written by numpy 1.24: np.savez, np.savez_compressed (a=[[1.5,-2,3.25],[4,5,-0.0]] float64, b=[0,.25,.5] float32), np.save of a in Fortran order.
const numpy = {
  stored:
    "UEsDBC0AAAAAAAAAIQDdVkqn//////////8FABQAYS5ucHkBABAAsAAAAAAAAACwAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAA+D8AAAAAAAAAwAAAAAAAAApAAAAAAAAAEEAAAAAAAAAUQAAAAAAAAACAUEsDBC0AAAAAAAAAIQCryVyu//////////8FABQAYi5ucHkBABAAjAAAAAAAAACMAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgzLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAgD4AAAA/UEsBAi0DLQAAAAAAAAAhAN1WSqewAAAAsAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAAAAAAhAKvJXK6MAAAAjAAAAAUAAAAAAAAAAAAAAIAB5wAAAGIubnB5UEsFBgAAAAACAAIAZgAAAKoBAAAAAA==",
  compressed:
    "UEsDBC0AAAAIAAAAIQDdVkqn//////////8FABQAYS5ucHkBABAAsAAAAAAAAABbAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYw+GEPoRkOQCguBwgtAKVFoDRDAwBQSwMELQAAAAgAAAAhAKvJXK7//////////wUAFABiLm5weQEAEACMAAAAAAAAAEsAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALgYwaLADEvYAUEsBAi0DLQAAAAgAAAAhAN1WSqdbAAAAsAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAgAAAAhAKvJXK5LAAAAjAAAAAUAAAAAAAAAAAAAAIABkgAAAGIubnB5UEsFBgAAAAACAAIAZgAAABQBAAAAAA==",
  fortran:
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAABBAAAAAAAAAAMAAAAAAAAAUQAAAAAAAAApAAAAAAAAAAIA=",
};
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const a = new Float64Array([1.5, -2, 3.25, 4, 5, -0]);
const b = new Float32Array([0, 0.25, 0.5]);

const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.array(fc.nat(4), { maxLength: 3 }), fc.constantFrom(Float64Array, Float32Array, Uint8Array), fc.infiniteStream(fc.double()))
  .map(([shape, Kind, stream]) => {
    const size = shape.reduce((x, y) => x * y, 1);
    return { shape, data: new Kind(Array.from({ length: size }, () => stream.next().value as number)) };
  });

describe("npy and npz", () => {
  it.each(["stored", "compressed"] as const)("reads what numpy wrote (%s)", (kind) => {
    const arrays = decodeNpz(bytes(numpy[kind]));
    expect([...arrays.keys()]).toEqual(["a", "b"]);
    expect(arrays.get("a")).toEqual({ shape: [2, 3], data: a });
    expect(arrays.get("b")).toEqual({ shape: [3], data: b });
  });

  it("reads Fortran order into row-major", () => {
    expect(decodeNpy(bytes(numpy.fortran))).toEqual({ shape: [2, 3], data: a });
  });

  it("writes the bytes numpy writes", () => {
    const entry = bytes(numpy.stored).subarray(55, 55 + 176);
    expect(encodeNpy({ shape: [2, 3], data: a })).toEqual(entry.slice());
    expect(encodeNpy(new Matrix(new Float64Array([9, ...a.subarray(0, 3), 9, ...a.subarray(3)]), 2, 3, 4, 1))).toEqual(entry.slice());
  });

  it("gives every tensor back to the bit, stored or compressed, under any name", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), tensor), { selector: ([name]) => name, maxLength: 4 }),
        fc.boolean(),
        (entries, compress) => {
          const file = encodeNpz(entries, { compress });
          expect(encodeNpz(entries, { compress })).toEqual(file);
          expect(new Map(decodeNpz(file))).toEqual(new Map(entries));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("whatever is changed in a file, reading gives tensors or a FormatError", () => {
    const files = [
      encodeNpz([
        ["x", { shape: [2, 3], data: a }],
        ["y", { shape: [3], data: b }],
      ]),
      bytes(numpy.compressed),
      bytes(numpy.stored),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(600),
        (file, edits, length) => {
          const copy = file.slice(0, length);
          for (const [at, byte] of edits) if (at < copy.length) copy[at] = byte;
          for (const decode of [decodeNpz, decodeNpy]) {
            try {
              decode(copy);
            } catch (error) {
              expect(error).toBeInstanceOf(FormatError);
            }
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("refuses an entry that claims more than its bytes can hold, before allocating", () => {
    const file = bytes(numpy.compressed).slice();
    const central = Buffer.from(file).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    new DataView(file.buffer).setUint32(central + 24, 0xfffffff0, true);
    expect(() => decodeNpz(file)).toThrow(/claims 4294967280 bytes/);
  });

  it.each([
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }", /needs 64 bytes, has 48/],
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", /too large/],
    ["{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }", /type '<i8' is not supported/],
    ["{'descr': 'constructor', 'fortran_order': False, 'shape': (6,), }", /not supported/],
    ["import os", /not a .npy dictionary/],
  ])("refuses the header %s", (header, message) => {
    const file = encodeNpy({ shape: [2, 3], data: a }).slice();
    file.set(new TextEncoder().encode(header.padEnd(117)), 10);
    expect(() => decodeNpy(file)).toThrow(message);
    expect(() => decodeNpy(file)).toThrow(FormatError);
  });
});
