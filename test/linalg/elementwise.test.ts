import { describe, expect, it } from "vitest";
import { addDiagonal, axpy, dot, norm, scale, symmetrize, trace } from "../../lib/linalg/elementwise.js";
import { allocate, type DType, type Matrix, type Real } from "../../lib/linalg/matrix.js";
import { gaussian } from "./residuals.js";

describe.each(["float64", "float32"] as DType[])("elementwise functions in %s", (dtype) => {
  const ulp = dtype === "float64" ? 2 ** -53 : 2 ** -24;
  /** Contiguous, strided, one column, one row. */
  const shapes = (seed: number): Matrix<Real>[] => [
    gaussian(5, 7, seed, dtype),
    gaussian(9, 11, seed, dtype).block(2, 3, 5, 7),
    gaussian(9, 4, seed, dtype).block(1, 2, 7, 1),
    gaussian(3, 30, seed, dtype).block(1, 4, 1, 20),
  ];

  it("axpy, dot, norm and scale agree with loops", () => {
    shapes(1).forEach((x, index) => {
      const y = shapes(2)[index];
      const before = y.toArrays();
      let expectedDot = 0;
      let magnitude = 0;
      let squares = 0;
      for (let i = 0; i < x.rows; i++) {
        for (let j = 0; j < x.cols; j++) {
          expectedDot += x.get(i, j) * y.get(i, j);
          magnitude += Math.abs(x.get(i, j) * y.get(i, j));
          squares += x.get(i, j) ** 2;
        }
      }
      expect(Math.abs(dot(x, y) - expectedDot)).toBeLessThan(x.rows * x.cols * ulp * magnitude);
      expect(Math.abs(norm(x) / Math.sqrt(squares) - 1)).toBeLessThan(x.rows * x.cols * ulp);
      expect(axpy(-2, x, y)).toBe(y);
      for (let i = 0; i < x.rows; i++) {
        for (let j = 0; j < x.cols; j++) {
          const scaleOf = Math.abs(before[i][j]) + 2 * Math.abs(x.get(i, j));
          expect(Math.abs(y.get(i, j) - (before[i][j] - 2 * x.get(i, j)))).toBeLessThanOrEqual(2 * ulp * scaleOf);
        }
      }
      const copy = x.clone();
      const outside = Array.from(x.data).reduce((sum, value) => sum + value, 0);
      scale(0.5, x);
      for (let i = 0; i < x.rows; i++) for (let j = 0; j < x.cols; j++) expect(x.get(i, j)).toBe(copy.get(i, j) / 2);
      scale(2, x);
      expect(Array.from(x.data).reduce((sum, value) => sum + value, 0)).toBe(outside);
    });
  });

  it("take vectors", () => {
    const x = allocate(3, dtype);
    x.set([3, 4, 12]);
    expect(norm(x)).toBe(13);
    expect(dot(x, x)).toBe(169);
    expect(Array.from(axpy(1, x, x))).toEqual([6, 8, 24]);
    expect(norm(allocate(0, dtype))).toBe(0);
  });

  it("norm neither overflows nor underflows, and passes on NaN and infinity", () => {
    const x = allocate(2, dtype);
    for (const unit of dtype === "float64" ? [1e300, 1e-300, 5e-324 * 2 ** 10] : [3e37, 2e-38, 2 ** -139]) {
      x.set([3 * unit, 4 * unit]);
      const expected = 5 * unit;
      expect(Math.abs(norm(x) / expected - 1)).toBeLessThan(1e-3);
    }
    x.set([Number.POSITIVE_INFINITY, 1]);
    expect(norm(x)).toBe(Number.POSITIVE_INFINITY);
    x.set([Number.NaN, Number.POSITIVE_INFINITY]);
    expect(norm(x)).toBeNaN();
  });

  it("scale multiplies also by 0", () => {
    const x = allocate(2, dtype);
    x.set([Number.NaN, 5]);
    expect(Array.from(scale(0, x))).toEqual([Number.NaN, 0]);
  });

  it("trace, addDiagonal, symmetrize", () => {
    const a = gaussian(6, 7, 3, dtype).block(1, 1, 4, 4);
    const before = a.clone();
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += a.get(i, i);
    expect(trace(a)).toBe(sum);
    expect(addDiagonal(a, 1)).toBe(a);
    expect(Math.abs(trace(a) - (sum + 4))).toBeLessThan(32 * ulp);
    expect(symmetrize(a)).toBe(a);
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < i; j++) {
        expect(a.get(i, j)).toBe(a.get(j, i));
        expect(Math.abs(a.get(i, j) - (before.get(i, j) + before.get(j, i)) / 2)).toBeLessThan(4 * ulp);
      }
    }
    expect(() => trace(gaussian(2, 3, 1, dtype))).toThrow("trace: a must be square, got 2×3");
  });
});

describe("what elementwise functions refuse", () => {
  it("mixed precisions, shapes, partial overlap", () => {
    // @ts-expect-error: precisions differ
    expect(() => dot(new Float64Array(2), new Float32Array(2))).toThrow(TypeError);
    expect(() => axpy(1, new Float64Array(2), new Float64Array(3))).toThrow("axpy: x and y must have one shape, got 1×2 and 1×3");
    const x = new Float64Array(4);
    expect(() => axpy(1, x.subarray(0, 3), x.subarray(1, 4))).toThrow("y must not share memory with x");
  });
});
