import { describe, expect, it } from "vitest";
import { axpy, gemm, Matrix, norm } from "../../lib/linalg/index.js";
import { orthogonal, Stream, wishartFactor } from "../../lib/random/index.js";

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

  it("refuses degrees of freedom without a law", () => {
    for (const df of [1.5, -1, Number.NaN, Infinity]) expect(() => wishartFactor(new Stream(2), 4, df)).toThrow(RangeError);
    expect(() => wishartFactor(new Stream(2), 4, 8, { out: Matrix.zeros(3, 4) })).toThrow(/out must be 4×4/);
  });
});
