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
