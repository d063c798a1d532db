import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { kroneckerApply, kroneckerFactorsUpdate, kroneckerFactorUpdate, Matrix, type Real } from "../../lib/linalg/index.js";
import { sample } from "./sample.js";

const golden = JSON.parse(readFileSync(new URL("../fixtures/steps.json", import.meta.url), "utf8")).deterministic;

const product = (a: number[][], b: number[][]) => a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const transpose = (a: number[][]) => a[0]!.map((_, j) => a.map((row) => row[j]!));

function expectClose(got: Matrix<Real>, wanted: number[][], tolerance: number) {
  const scale = Math.max(...wanted.flat().map(Math.abs));
  const error = Math.max(0, ...got.toArrays().flatMap((row, i) => row.map((x, j) => Math.abs(x - wanted[i]![j]!))));
  expect(error).toBeLessThanOrEqual(tolerance * scale);
}

describe("kroneckerFactorUpdate", () => {
  it("averages as the golden exponential moving average does", () => {
    const { beta, X, zero_start, first_batch_start } = golden.kronecker_factor_ema;
    const zero = Matrix.zeros(3, 3);
    const first = Matrix.zeros(3, 3).fill(Number.NaN);
    X.forEach((rows: number[][], t: number) => {
      const x = Matrix.from(rows);
      kroneckerFactorUpdate(zero, x, { beta, scale: 1 / x.rows });
      kroneckerFactorUpdate(first, x, { beta: t === 0 ? 0 : beta, scale: 1 / x.rows });
      expectClose(zero, zero_start[t].raw, 1e-12);
      expectClose(first, first_batch_start[t], 1e-12);
    });
  });

  for (const [dtype, like, tolerance] of [
    ["float64", new Float64Array(0), 1e-13],
    ["float32", new Float32Array(0), 1e-5],
  ] as const) {
    for (const [m, n] of [
      [1, 1],
      [3, 5],
      [40, 7],
      [9, 100],
      [130, 97],
    ] as const) {
      it(`equals the plain product, along either axis, from a strided view (${dtype}, ${m}×${n})`, () => {
        const x = sample(m + 2, n + 3, 7, like as Real).block(1, 2, m, n);
        const rows = x.toArrays();
        const columns = kroneckerFactorUpdate(sample(n, n, 1, like as Real).fill(2), x, { beta: 0.75, scale: 3 });
        expectClose(
          columns,
          product(transpose(rows), rows).map((r) => r.map((v) => 1.5 + 0.75 * v)),
          tolerance,
        );
        const left = kroneckerFactorUpdate(sample(m, m, 1, like as Real).fill(2), x, { beta: 1, axis: "rows" });
        expectClose(
          left,
          product(rows, transpose(rows)).map((r) => r.map((v) => 2 + v)),
          tolerance,
        );
        for (const f of [columns, left])
          for (let i = 0; i < f.rows; i++)
            for (let j = 0; j < i; j++) if (f.get(i, j) !== f.get(j, i)) expect(f.get(i, j)).toBe(f.get(j, i));
      });

      it(`appends the homogeneous coordinate (${dtype}, ${m}×${n})`, () => {
        const x = sample(m, n, 11, like as Real);
        const extended = x.toArrays().map((row) => [...row, 1]);
        const factor = kroneckerFactorUpdate(sample(n + 1, n + 1, 1, like as Real).fill(0.5), x, { beta: 0.5, homogeneous: true });
        expectClose(
          factor,
          product(transpose(extended), extended).map((r) => r.map((v) => 0.25 + 0.5 * v)),
          tolerance,
        );
      });

      it(`updates both sides of a gradient at once (${dtype}, ${m}×${n})`, () => {
        const g = sample(m, n, 5, like as Real);
        const [l, r] = [sample(m, m, 1, like as Real).fill(1), sample(n, n, 1, like as Real).fill(1)];
        kroneckerFactorsUpdate(l, r, g, { beta: 0.9 });
        expect(l.data).toEqual(kroneckerFactorUpdate(sample(m, m, 1, like as Real).fill(1), g, { beta: 0.9, axis: "rows" }).data);
        expect(r.data).toEqual(kroneckerFactorUpdate(sample(n, n, 1, like as Real).fill(1), g, { beta: 0.9 }).data);
      });
    }
  }

  it("names what does not fit", () => {
    expect(() => kroneckerFactorUpdate(Matrix.zeros(3, 3), Matrix.zeros(5, 4))).toThrow(/factor must be 4×4 for x 5×4/);
    expect(() => kroneckerFactorUpdate(Matrix.zeros(4, 4, "float32") as never, Matrix.zeros(5, 4))).toThrow(TypeError);
    const shared = Matrix.zeros(4, 4);
    expect(() => kroneckerFactorUpdate(shared, shared)).toThrow(/must not share memory/);
    expect(() => kroneckerFactorUpdate(Matrix.zeros(6, 6), Matrix.zeros(5, 4), { axis: "rows", homogeneous: true })).toThrow(RangeError);
  });

  it.each([Number.NaN, -0.1, 1.01, Number.POSITIVE_INFINITY])("refuses β = %d and leaves the factors alone", (beta) => {
    const [factor, other] = [Matrix.identity(2), Matrix.identity(2)];
    expect(() => kroneckerFactorUpdate(factor, Matrix.identity(2), { beta })).toThrow(
      new RangeError(`kroneckerFactorUpdate: beta must be in [0, 1], got ${beta}`),
    );
    expect(() => kroneckerFactorsUpdate(factor, other, Matrix.identity(2), { beta })).toThrow(RangeError);
    if (!Number.isFinite(beta)) expect(() => kroneckerFactorUpdate(factor, other, { scale: beta })).toThrow(/scale must be finite/);
    for (const kept of [factor, other]) expect(kept.toArrays()).toEqual(Matrix.identity(2).toArrays());
  });

  it("scales the factor alone when there are no examples", () => {
    const factor = kroneckerFactorUpdate(Matrix.diagonal([2, 4]), Matrix.zeros(0, 2), { beta: 0.5 });
    expect(factor.toArrays()).toEqual([
      [1, 0],
      [0, 2],
    ]);
  });
});

describe("kroneckerApply", () => {
  for (const [m, n, r, s] of [
    [4, 6, 4, 6],
    [3, 90, 5, 2],
    [120, 7, 3, 11],
  ] as const) {
    it(`multiplies by either, both or no side (${m}×${n})`, () => {
      const [left, g, right] = [
        sample(r, m, 1, new Float64Array(0)),
        sample(m, n, 2, new Float64Array(0)),
        sample(n, s, 3, new Float64Array(0)),
      ];
      const [L, G, R] = [left.toArrays(), g.toArrays(), right.toArrays()];
      expectClose(kroneckerApply(left, g, right), product(product(L, G), R), 1e-13);
      expectClose(kroneckerApply(left, g, null), product(L, G), 1e-13);
      expectClose(kroneckerApply(null, g, right), product(G, R), 1e-13);
      expectClose(kroneckerApply(null, g, null), G, 0);
      const [lt, rt] = [Matrix.from(transpose(L)), Matrix.from(transpose(R))];
      expectClose(kroneckerApply(lt.T, g, rt.T), product(product(L, G), R), 1e-13);
    });
  }

  it("works in place with both sides, and refuses it with one", () => {
    const [left, g, right] = [
      sample(5, 5, 1, new Float64Array(0)),
      sample(5, 8, 2, new Float64Array(0)),
      sample(8, 8, 3, new Float64Array(0)),
    ];
    const wanted = kroneckerApply(left, g, right);
    expect(() => kroneckerApply(left, g, null, { out: g })).toThrow(/must not share memory/);
    expect(kroneckerApply(left, g, right, { out: g }).data).toEqual(wanted.data);
  });

  it("names what does not fit", () => {
    expect(() => kroneckerApply(Matrix.zeros(3, 3), Matrix.zeros(4, 2), null)).toThrow(/left must have 4 columns/);
    expect(() => kroneckerApply(null, Matrix.zeros(4, 2), Matrix.zeros(3, 3))).toThrow(/right must have 2 rows/);
    expect(() => kroneckerApply(null, Matrix.zeros(4, 2), Matrix.zeros(2, 2, "float32") as never)).toThrow(TypeError);
  });
});
