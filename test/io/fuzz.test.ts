import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
  FormatError,
  type Tensor,
} from "../../lib/io/index.js";
import { Matrix } from "../../lib/linalg/index.js";
import { createOptimizer, loadCheckpoint, saveCheckpoint } from "../../lib/optim/index.js";

const options = { numRuns: Number(process.env.FC_RUNS ?? 1500), seed: Number(process.env.FC_SEED ?? 20261124) };
const matrices: [string, Tensor][] = [
  ["w", { shape: [3, 4], data: Float64Array.from({ length: 12 }, (_, i) => i) }],
  ["b", { shape: [5], data: new Float32Array(5).fill(1) }],
  ["bytes", { shape: [0], data: new Uint8Array(0) }],
];

/** What can happen to a file: cut, grown, bytes changed, parts repeated, numbers in its text replaced by extreme ones. */
function damaged(file: Uint8Array): fc.Arbitrary<Uint8Array> {
  const position = fc.nat(file.length - 1);
  const extreme = fc.constantFrom("0", "-1", "1e9", "4294967296", "9007199254740993", "1e308", "99999999999999999999", "null", "[]", '"x"');
  const numbers = [...Buffer.from(file).toString("latin1").matchAll(/\d+/g)].map((match) => [match.index, match[0].length] as const);
  return fc.oneof(
    position.map((n) => file.slice(0, n)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((tail) => Uint8Array.from([...file, ...tail])),
    fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 6 }).map((changes) => {
      const out = file.slice();
      for (const [at, byte] of changes) out[at] = byte;
      return out;
    }),
    fc.tuple(position, position, position).map(([a, b, at]) => {
      const part = file.slice(Math.min(a, b), Math.max(a, b));
      return Uint8Array.from([...file.slice(0, at), ...part, ...file.slice(at)]);
    }),
    ...(numbers.length
      ? [
          fc.tuple(fc.constantFrom(...numbers), extreme).map(([[at, length], text]) => {
            return Uint8Array.from([...file.slice(0, at), ...Buffer.from(text), ...file.slice(at + length)]);
          }),
        ]
      : []),
  );
}

/** Nothing but a FormatError comes out, or tensors that together are no larger than the file could say. */
function harmless(decode: (bytes: Uint8Array) => Iterable<readonly [string, Tensor]>, most: (bytes: Uint8Array) => number) {
  return (bytes: Uint8Array) => {
    let tensors: (readonly [string, Tensor])[];
    try {
      tensors = [...decode(bytes)];
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return;
    }
    let total = 0;
    for (const [, { shape, data }] of tensors) {
      expect(shape.reduce((product, n) => product * n, 1)).toBe(data.length);
      total += data.byteLength;
    }
    expect(total).toBeLessThanOrEqual(most(bytes));
  };
}

describe("damaged files", () => {
  it("safetensors", () => {
    const file = encodeSafetensors(matrices, { note: "12" });
    fc.assert(
      fc.property(
        damaged(file),
        harmless(
          (bytes) => decodeSafetensors(bytes).tensors,
          (bytes) => bytes.length,
        ),
      ),
      options,
    );
  });

  it("npy", () => {
    const file = encodeNpy(Matrix.identity(4));
    fc.assert(
      fc.property(
        damaged(file),
        harmless(
          (bytes) => [["x", decodeNpy(bytes)]],
          (bytes) => bytes.length,
        ),
      ),
      options,
    );
  });

  it.each([false, true])("npz, compressed: %s", (compress) => {
    const file = encodeNpz(matrices, { compress });
    fc.assert(
      fc.property(
        damaged(file),
        harmless(decodeNpz, (bytes) => bytes.length * 1032),
      ),
      options,
    );
  });

  it("bytes that are no file at all", () => {
    for (const decode of [(b: Uint8Array) => decodeSafetensors(b).tensors, (b: Uint8Array) => [["x", decodeNpy(b)] as const], decodeNpz]) {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          harmless(decode, (bytes) => bytes.length * 1032),
        ),
        options,
      );
    }
  });
});

describe("a damaged checkpoint", () => {
  it.each(["safetensors", "npz"] as const)("%s: is refused and changes nothing, or is a state of the right shape", (format) => {
    const weight = () => ({ name: "w", value: Matrix.identity(3), gradient: Matrix.identity(3) });
    const saved = createOptimizer("soap", [weight()]);
    saved.step();
    const file = saveCheckpoint(saved, { format });
    fc.assert(
      fc.property(damaged(file), (bytes) => {
        const optimizer = createOptimizer("soap", [weight()]);
        const before = optimizer.state();
        try {
          loadCheckpoint(optimizer, bytes);
        } catch (error) {
          expect((error as Error).message).toMatch(/checkpoint|safetensors|npz|npy|"/);
          expect(optimizer.state()).toEqual(before);
        }
      }),
      { ...options, numRuns: options.numRuns / 5 },
    );
  });
});

/** A safetensors file of any header. */
function safetensors(header: string, data = new Uint8Array(0), length = BigInt(Buffer.byteLength(header))): Uint8Array {
  const out = Buffer.concat([Buffer.alloc(8), Buffer.from(header), data]);
  out.writeBigUInt64LE(length);
  return out;
}

/** A zip whose every entry is the same stored or deflated bytes: only its directory grows. */
function overlapping(name: (i: number) => string, entries: number, file: Uint8Array): Uint8Array {
  const view = Buffer.from(file);
  const directory = view.readUInt32LE(view.length - 22 + 16);
  const entry = view.subarray(directory, view.length - 22);
  const nameLength = entry.readUInt16LE(28);
  const copies = Array.from({ length: entries }, (_, i) => {
    const copy = Buffer.from(entry);
    copy.write(name(i), 46, nameLength, "latin1");
    return copy;
  });
  const end = Buffer.from(view.subarray(view.length - 22));
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(entries * entry.length, 12);
  return Buffer.concat([view.subarray(0, directory), ...copies, end]);
}

describe("hostile files", () => {
  const header = (offsets: string, name = "a") => `"${name}":{"dtype":"F64","shape":[1],"data_offsets":${offsets}}`;
  const eight = new Uint8Array(8);

  it.each([
    ["a header longer than any file", safetensors("{}", undefined, 2n ** 63n)],
    ["a header longer than this file", safetensors("{}", undefined, 99_000_000n)],
    ["a key twice, both at the same bytes", safetensors(`{${header("[0,8]")},${header("[0,8]")}}`, eight)],
    ["a key twice, once escaped", safetensors(`{${header("[0,8]")},${header("[0,8]", "\\u0061")}}`, eight)],
    ["a field twice", safetensors('{"a":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,8]}}', eight)],
    ["two tensors on the same bytes", safetensors(`{${header("[0,8]")},${header("[0,8]", "b")}}`, eight)],
    ["negative offsets", safetensors(`{${header("[-8,0]")}}`, eight)],
    ["offsets in reverse", safetensors(`{${header("[8,0]")}}`, eight)],
    [
      "a shape whose product overflows",
      safetensors('{"a":{"dtype":"F64","shape":[4294967296,4294967296,0.5],"data_offsets":[0,8]}}', eight),
    ],
    ["brackets without end", safetensors("[".repeat(1_000_000))],
    ["bytes that are no UTF-8", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28)],
  ])("safetensors: %s", (_, bytes) => {
    expect(() => decodeSafetensors(bytes)).toThrow(FormatError);
  });

  it.each([true, false])("npz: many entries on the same bytes (compressed: %s)", (compress) => {
    const file = encodeNpz([["00000", { shape: [100_000], data: new Float64Array(100_000) }]], { compress });
    const name = (i: number) => String(i).padStart(5, "0");
    expect(decodeNpz(overlapping(name, 1, file)).get("00000")!.data.length).toBe(100_000);
    expect(() => decodeNpz(overlapping(name, 10_000, file))).toThrow(/lies on bytes of another/);
  });

  it("npz: an entry that claims more than its bytes can hold", () => {
    const file = Buffer.from(encodeNpz([["a", { shape: [4], data: new Float64Array(4) }]], { compress: true }));
    const directory = file.readUInt32LE(file.length - 22 + 16);
    file.writeUInt32LE(0xfffffffe, directory + 24);
    expect(() => decodeNpz(file)).toThrow(/claims 4294967294 bytes/);
  });

  const names = ["__proto__", "constructor", "toString", "", "0", "ÄÖ∇/𝒲", 'a"b\\c', "../../etc/passwd", "line\nbreak"];
  it("names that other programs stumble on are names like any other", () => {
    const tensors = names.map((name, i): [string, Tensor] => [name, { shape: [1], data: Float64Array.of(i) }]);
    for (const decoded of [decodeSafetensors(encodeSafetensors(tensors)).tensors, decodeNpz(encodeNpz(tensors))]) {
      expect([...decoded.keys()].sort()).toEqual([...names].sort());
      for (const [name, { data }] of tensors) expect([...decoded.get(name)!.data]).toEqual([...data]);
    }
    expect(({} as Record<string, unknown>).shape).toBeUndefined();
  });
});
