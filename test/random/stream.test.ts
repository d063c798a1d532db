import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { Matrix } from "../../lib/linalg/matrix.js";
import { Stream } from "../../lib/random/index.js";
import { instructionSets, widest } from "../instruction-sets.js";

const fixture = JSON.parse(readFileSync(new URL("../fixtures/philox.json", import.meta.url), "utf8")) as {
  cases: { key: [string, string]; first: string[]; from4090: string[] }[];
};

afterEach(widest);

describe("words", () => {
  it("are those of numpy's Philox for the same key, from any index", () => {
    for (const { key, first, from4090 } of fixture.cases) {
      const philox = new BigUint64Array(key.map(BigInt));
      for (const [index, expected] of [
        [0, first],
        [3, first.slice(3)],
        [4090, from4090],
      ] as const) {
        const out = new BigUint64Array(expected.length);
        binding.randomWords(philox, index, out.length, out, 0);
        expect(Array.from(out, String)).toEqual(expected);
      }
    }
  });
});

describe("Stream", () => {
  it("gives equal streams for equal seeds and purposes only", () => {
    const first = (s: Stream) => s.words(new BigUint64Array(1))[0];
    const streams = [
      new Stream(1),
      new Stream(2),
      new Stream(-1),
      new Stream(2n ** 70n),
      new Stream(1, 0),
      new Stream(1, "0"),
      new Stream(1, "a", "b"),
      new Stream(1, "ab"),
      new Stream(1, 'a","b'),
      new Stream(1, 2, 3),
      new Stream(1, 23),
    ];
    expect(new Set(streams.map(first)).size).toBe(streams.length);
    expect(first(new Stream(7n, "x", 2))).toBe(first(new Stream(7, "x", 2)));
  });

  it("derives children by purpose, whatever was drawn before", () => {
    const parent = new Stream(3, "trial");
    parent.normals(5);
    expect(parent.child(4, "noise").key).toEqual(new Stream(3, "trial", 4, "noise").key);
  });

  it("refuses seeds and purposes without a definite value", () => {
    expect(() => new Stream(0.5)).toThrow(TypeError);
    expect(() => new Stream(Number.NaN)).toThrow(TypeError);
    expect(() => new Stream("1" as unknown as number)).toThrow(TypeError);
    expect(() => new Stream(1, Number.NaN)).toThrow(TypeError);
    expect(() => new Stream(1, undefined as unknown as string)).toThrow(TypeError);
  });
});

type Draw = (stream: Stream, n: number) => Iterable<unknown>;

/** One entry for every way to read a sequence of the stream. */
const draws: { name: string; sequence: string; draw: Draw }[] = [
  { name: "normal", sequence: "normal", draw: (s, n) => s.normals(n) },
  { name: "normal with mean and std", sequence: "normal", draw: (s, n) => s.normal(new Float64Array(n), { mean: 3, std: 0.1 }) },
  { name: "normal, single", sequence: "normal", draw: (s, n) => s.normal(new Float32Array(n)) },
  { name: "uniform", sequence: "uniform", draw: (s, n) => s.uniform(new Float64Array(n)) },
  { name: "rademacher", sequence: "sign", draw: (s, n) => s.rademacher(new Float64Array(n)) },
  { name: "gamma", sequence: "gamma", draw: (s, n) => s.gamma(new Float64Array(n), 0.4) },
  { name: "chiSquare", sequence: "gamma", draw: (s, n) => s.chiSquare(new Float64Array(n), 5) },
  { name: "integers", sequence: "integer", draw: (s, n) => s.integers(new Int32Array(n), 1000) },
  { name: "words", sequence: "words", draw: (s, n) => s.words(new BigUint64Array(n)) },
];

describe.each(draws)("$name", ({ sequence, draw }) => {
  it("does not depend on how a request is split, nor on draws of other kinds in between", () => {
    const total = 5000;
    const whole = [...draw(new Stream(11), total)];
    const stream = new Stream(11);
    const pieces: unknown[] = [];
    for (let k = 0, n = 0; pieces.length < total; k++, n = (n * 7 + 5) % 83) {
      pieces.push(...draw(stream, Math.min(n, total - pieces.length)));
      const other = draws[k % draws.length]!;
      if (other.sequence !== sequence) other.draw(stream, 3);
    }
    expect(pieces).toEqual(whole);
  });
});

describe("targets", () => {
  it("fills a strided view row by row and touches nothing else", () => {
    const data = new Float64Array(40).fill(9);
    const view = new Matrix(data, 4, 3, 8, 5);
    new Stream(5).normal(view);
    expect(view.toArrays().flat()).toEqual(Array.from(new Stream(5).normals(12)));
    expect(data.filter((x) => x === 9).length).toBe(28);
  });

  it("rounds the same normals to single precision", () => {
    const double = new Stream(6).normals(3000);
    expect(new Stream(6).normal(new Float32Array(3000))).toEqual(Float32Array.from(double));
    const strided = new Stream(6).normal(new Matrix(new Float32Array(3000), 30, 70, 100));
    expect(strided.toArrays().flat()).toEqual(Array.from(Float32Array.from(double.subarray(0, 2100))));
  });

  it("refuses other targets and parameters without a law, and then moves nothing", () => {
    const stream = new Stream(6);
    expect(() => stream.normal([1, 2] as unknown as Float64Array)).toThrow(TypeError);
    expect(() => stream.uniform(new Int32Array(2) as unknown as Float64Array)).toThrow(TypeError);
    expect(() => stream.normal(new Float64Array(2), { mean: Number.NaN })).toThrow(/mean/);
    expect(() => stream.normal(new Float64Array(2), { std: Infinity })).toThrow(/std/);
    expect(() => stream.permutation(-1)).toThrow(RangeError);
    expect(stream.normals(3)).toEqual(new Stream(6).normals(3));
  });

  it("accepts empty targets", () => {
    const stream = new Stream(6);
    expect(stream.normal(new Float64Array(0)).length).toBe(0);
    stream.rademacher(Matrix.zeros(0, 4));
    expect(stream.permutation(0).length).toBe(0);
    expect(Array.from(stream.permutation(1))).toEqual([0]);
  });
});

describe("paths", () => {
  it("are at least the portable one", () => expect(instructionSets).toContain("portable"));

  it("all give the same bits, in long and in short pieces", () => {
    const bytes = (x: Float64Array) => Buffer.from(x.buffer);
    binding.instructions("portable");
    const expected = new Stream(21).normals(1_000_003);
    for (const path of instructionSets) {
      expect(binding.instructions(path)).toBe(path);
      expect(bytes(new Stream(21).normals(expected.length)).equals(bytes(expected)), path).toBe(true);
      const stream = new Stream(21);
      const pieces = new Float64Array(20_000);
      for (let at = 0, n = 1; at < pieces.length; n = (n * 3 + 1) % 401) {
        at += stream.normal(pieces.subarray(at, at + n)).length;
      }
      expect(bytes(pieces).equals(bytes(expected.slice(0, pieces.length))), path).toBe(true);
    }
  });

  it("refuse an unknown name", () => {
    expect(() => binding.instructions("sse" as "avx2")).toThrow(/"portable"/);
  });
});
