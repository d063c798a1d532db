import { describe, expect, it } from "vitest";
import { axpy, choleskyInverse, gemm, Matrix, norm, qr, trace } from "../../lib/linalg/index.js";
import { orthogonal, Stream, wishartFactor } from "../../lib/random/index.js";

/** The mean's distance from `expected`, in standard errors. */
function score(values: number[], expected: number): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
  return (mean - expected) / Math.sqrt(variance / values.length);
}

describe("orthogonal", () => {
  it.each([
    [1, 1],
    [5, 5],
    [40, 7],
    [6, 0],
  ])("has orthonormal columns (%i×%i)", (n, k) => {
    const q = orthogonal(new Stream(1, n), n, k);
    expect([q.rows, q.cols]).toEqual([n, k]);
    expect(norm(axpy(-1, Matrix.identity(k), gemm(q.T, q)))).toBeLessThan(1e-14 * n);
  });

  // Moments of the Haar measure on O(n): E q² = 1/n, E q⁴ = 3/(n(n+2)), E tr Q = 0, E (tr Q)² = E tr Q² = 1,
  // E q₁₁q₂₂q₁₂q₂₁ = −1/((n−1)n(n+2)). Scores are means over standard errors estimated from the draws.
  const n = 5;
  const draws = 20_000;
  const statistics: [string, (q: Matrix) => number, number][] = [
    ["q₁₁", (q) => q.get(0, 0), 0],
    ["q₄₂²", (q) => q.get(3, 1) ** 2, 1 / n],
    ["q₄₂⁴", (q) => q.get(3, 1) ** 4, 3 / (n * (n + 2))],
    ["tr Q", (q) => trace(q), 0],
    ["(tr Q)²", (q) => trace(q) ** 2, 1],
    ["tr Q²", (q) => trace(gemm(q, q)), 1],
    ["q₁₁q₂₂q₁₂q₂₁", (q) => q.get(0, 0) * q.get(1, 1) * q.get(0, 1) * q.get(1, 0), -1 / ((n - 1) * n * (n + 2))],
  ];
  const scores = (draw: () => Matrix) => {
    const samples = Array.from({ length: draws }, draw);
    return statistics.map(([, f, expected]) => score(samples.map(f), expected));
  };

  it("has the moments of the Haar measure", () => {
    const stream = new Stream(3, "haar");
    scores(() => orthogonal(stream, n)).forEach((z, i) => {
      expect(Math.abs(z), statistics[i]![0]).toBeLessThan(4.5);
    });
  });

  it("would not have them without the signs of R", () => {
    const stream = new Stream(3, "no signs");
    expect(Math.max(...scores(() => qr(stream.normal(Matrix.zeros(n, n))).q).map(Math.abs))).toBeGreaterThan(10);
  });

  it("refuses more columns than rows", () => expect(() => orthogonal(new Stream(1), 3, 4)).toThrow(/\[0, n = 3\]/));
});

describe("wishartFactor", () => {
  it("is lower triangular with a positive diagonal, and of rank df when there are few samples", () => {
    const full = wishartFactor(new Stream(2), 6, 9.5);
    const few = wishartFactor(new Stream(2), 6, 2, { out: Matrix.zeros(6, 6).fill(7) });
    for (let i = 0; i < 6; i++) {
      expect(full.get(i, i)).toBeGreaterThan(0);
      for (let j = 0; j < 6; j++) {
        if (j > i) expect(full.get(i, j)).toBe(0);
        if (j > i || j >= 2) expect(few.get(i, j)).toBe(0);
        else expect(few.get(i, j)).not.toBe(0);
      }
    }
    expect(norm(wishartFactor(new Stream(2), 3, 0))).toBe(0);
  });

  // W ~ Wishart(I, df): E W = df·I, Var W_ii = 2df, Var W_ij = df, E tr W⁻¹ = n/(df − n − 1).
  it.each([
    [4, 9],
    [4, 10.5],
    [4, 2],
  ])("gives Wishart matrices (n = %i, df = %f)", (n, df) => {
    const stream = new Stream(4, n, df);
    const draws = Array.from({ length: 20_000 }, () => wishartFactor(stream, n, df));
    const wisharts = draws.map((l) => gemm(l, l.T));
    const check = (name: string, f: (w: Matrix) => number, expected: number) =>
      expect(Math.abs(score(wisharts.map(f), expected)), name).toBeLessThan(4.5);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const mean = i === j ? df : 0;
        check(`mean ${i} ${j}`, (w) => w.get(i, j), mean);
        check(`variance ${i} ${j}`, (w) => (w.get(i, j) - mean) ** 2, i === j ? 2 * df : df);
      }
    }
    if (df > n + 3) {
      const traces = draws.map((l) => trace(choleskyInverse(l)));
      expect(Math.abs(score(traces, n / (df - n - 1)))).toBeLessThan(4.5);
    }
  });

  it("refuses degrees of freedom without a law", () => {
    for (const df of [1.5, -1, Number.NaN, Infinity]) expect(() => wishartFactor(new Stream(2), 4, df)).toThrow(RangeError);
    expect(() => wishartFactor(new Stream(2), 4, 8, { out: Matrix.zeros(3, 4) })).toThrow(/out must be 4×4/);
  });
});
