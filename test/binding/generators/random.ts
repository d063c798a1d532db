import { binding } from "../../../lib/binding.js";
import { equal, law, reference } from "../checks.js";
import type { Draw, Family, Values, View } from "../harness.js";
import { gamma, pair, words } from "../philox.js";

const place = (draw: Draw) => ({ index: draw.pick(0, draw.integer(0, 1e6), 2 ** 40) });
const matrix = (draw: Draw) => ({ ...place(draw), rows: draw.dimension(), cols: draw.dimension() });
const list = (draw: Draw) => ({ ...place(draw), n: draw.dimension() });
const key: [number, number] = [2, 1];
const ofMatrix = ({ rows, cols }: Values): Record<string, [number, number]> => ({ key, out: [rows, cols] });
const ofList = ({ n }: Values): Record<string, [number, number]> => ({ key, out: [n, 1] });

const keyOf = ({ key }: Values) => [key.array[0], key.array[1]] as const;

/** Element i of `out`, in row-major order, is number index + i of the sequence; `spread`: the error may be that many ε. */
const numbered = (sequence: number, number: (word: (index: bigint) => bigint, at: bigint, v: Values, i: number) => number, spread = 0) =>
  reference((v, u) => {
    const word = words(keyOf(v), sequence);
    const out = v.out as View;
    for (let i = 0; i < out.rows * out.cols; i++) {
      const value = number(word, BigInt(v.index) + BigInt(i), v, i);
      const [row, col] = [Math.floor(i / out.cols), i % out.cols];
      out.set(row, col, value, spread === 0 ? 0 : Math.abs(value) + (spread * Math.abs(v.std ?? value)) / u);
    }
  });

/** Normals come in tiles of 16 from 8 words: the first of each pair, then the second. */
function normal(word: (index: bigint) => bigint, at: bigint): number {
  const within = Number(at % 16n);
  return pair(word((at / 16n) * 8n + BigInt(within % 8)))[within < 8 ? 0 : 1];
}
const high = (word: bigint, bound: number) => Number((word * BigInt(bound)) >> 64n);

export const both: NonNullable<Family["both"]> = {
  Normal: {
    values: (draw) => ({ ...matrix(draw), mean: draw.scalar(), std: draw.scalar() }),
    shapes: ofMatrix,
    check: numbered(1, (word, at, v) => v.mean + v.std * normal(word, at), 1e-9),
  },
  Uniform: {
    values: matrix,
    shapes: ofMatrix,
    check: numbered(3, (word, at, v) =>
      v.out.array instanceof Float32Array ? Number(word(at) >> 40n) * 2 ** -24 : Number(word(at) >> 11n) * 2 ** -53,
    ),
  },
  Rademacher: { values: matrix, shapes: ofMatrix, check: numbered(4, (word, at) => ((word(at / 64n) >> (at % 64n)) & 1n ? -1 : 1)) },
  Gamma: {
    values: (draw) => ({ ...matrix(draw), shape: draw.integer(1, 40) / 4, shapeStep: draw.pick(0, 0.5), scale: draw.integer(0, 3) }),
    shapes: ofMatrix,
    check: numbered(2, (_, at, v, i) => v.scale * gamma(keyOf(v), at, v.shape + i * v.shapeStep), 1e-8),
  },
};

export const others: NonNullable<Family["others"]> = {
  randomWords: {
    values: list,
    shapes: ofList,
    check: reference((v) => {
      const word = words(keyOf(v), 0);
      for (let i = 0; i < v.n; i++) {
        v.out.array[v.out.at(i, 0)] = word(BigInt(v.index) + BigInt(i));
        v.out.written.set(v.out.at(i, 0), 0);
      }
    }),
  },
  randomIntegers: {
    values: (draw) => ({ ...list(draw), bound: draw.integer(1, 1000) }),
    shapes: ofList,
    check: reference((v) => {
      const word = words(keyOf(v), 5);
      for (let i = 0; i < v.n; i++) v.out.set(i, 0, high(word(BigInt(v.index) + BigInt(i)), v.bound), 0);
    }),
  },
  randomPermutation: {
    values: list,
    shapes: ofList,
    check: reference((v) => {
      const word = words(keyOf(v), 6);
      const order = Array.from({ length: v.n }, (_, i) => i);
      for (let i = 0; i + 1 < v.n; i++) {
        const j = i + high(word(BigInt(v.index) + BigInt(i)), v.n - i);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      order.forEach((x, i) => {
        v.out.set(i, 0, x, 0);
      });
    }),
  },
  instructions: {
    values: (draw) => ({ which: draw.pick("widest", "portable", undefined) }),
    shapes: () => ({}),
    check: law(({ result, after }) => {
      if (after.which === "portable") equal(result, "portable");
      equal(result, binding.instructions());
    }),
  },
};
