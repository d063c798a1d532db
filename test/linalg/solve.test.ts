import { describe, expect, it } from "vitest";
import { condition, lstsq, lu, Matrix, solve } from "../../lib/linalg/index.js";
import { gaussian, product, relative } from "./residuals.js";

describe("solve", () => {
  it("solves a system that needs pivoting, in place or not, on views", () => {
    const a = Matrix.from([
      [0, 2, 1],
      [1, 1, 0],
      [3, 0, 1],
    ]);
    const b = Matrix.from([
      [7, 2],
      [3, 1],
      [6, 5],
    ]);
    const x = solve(a, b);
    expect(x.toArrays().flat()).toEqual([1, 1, 2, 0, 3, 2].map((y) => expect.closeTo(y, 14)));
    const wide = Matrix.zeros(5, 6);
    const view = wide.block(1, 2, 3, 2).copy(b);
    expect(solve(a, view, { out: view })).toBe(view);
    expect(view.toArrays()).toEqual(x.toArrays());
    expect(wide.data.filter((y) => y !== 0).length).toBe(x.data.filter((y) => y !== 0).length);
  });

  it("names singular, non-finite and ill-shaped systems", () => {
    const singular = Matrix.from([
      [1, 2],
      [2, 4],
    ]);
    expect(() => solve(singular, Matrix.zeros(2, 1))).toThrow(expect.objectContaining({ code: "ERR_SINGULAR" }));
    const b = Matrix.from([[1], [Number.NaN]]);
    expect(() => solve(Matrix.identity(2), b)).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE", message: "dgesv: b must be finite, element (1, 0) is NaN" }),
    );
    expect(() => solve(Matrix.identity(2), Matrix.zeros(3, 1))).toThrow("solve: b must have 2 rows, got 3");
    expect(() => solve(Matrix.zeros(2, 3), Matrix.zeros(2, 1))).toThrow("solve: a must be square, got 2×3");
  });
});

describe("lu", () => {
  it("gives the permutation that takes A to L·U", () => {
    const { l, u, permutation } = lu(
      Matrix.from([
        [1, 2],
        [4, 2],
        [2, 3],
      ]),
    );
    expect([...permutation]).toEqual([1, 2, 0]);
    expect(l.toArrays()).toEqual([
      [1, 0],
      [0.5, 1],
      [0.25, 0.75],
    ]);
    expect(u.toArrays()).toEqual([
      [4, 2],
      [0, 2],
    ]);
  });

  it.each([
    [33, 33],
    [150, 150],
    [40, 130],
    [130, 40],
    [97, 70],
  ])("P·A = L·U with |L| ≤ 1 across the halves of %i×%i, in both precisions", (m, n) => {
    for (const dtype of ["float64", "float32"] as const) {
      const a = gaussian(m, n, m + n, dtype);
      // A column that is a multiple of another, in the other half: its pivot is a rounding error or zero.
      for (let i = 0; i < m; i++) a.set(i, Math.min(m, n) - 1, 2 * a.get(i, 0));
      const { l, u, permutation } = lu(a);
      const permuted = gaussian(m, n, 0, dtype);
      for (let i = 0; i < m; i++) permuted.rowArray(i).set(a.rowArray(permutation[i]!));
      expect(relative(permuted, product(l, u), a)).toBeLessThan(30);
      for (const x of l.data) expect(Math.abs(x)).toBeLessThanOrEqual(1);
      expect(new Set(permutation).size).toBe(m);
      if (m === n) {
        const x = gaussian(n, 3, 1, dtype);
        const regular = gaussian(n, n, 5, dtype);
        const b = gaussian(n, 3, 0, dtype).copy(product(regular, x));
        expect(relative(b, product(regular, solve(regular, b)), a)).toBeLessThan(30);
      }
    }
  });

  it("leaves a zero pivot of a singular matrix in U", () => {
    const { u } = lu(
      Matrix.from([
        [1, 2],
        [2, 4],
      ]),
    );
    expect(u.get(1, 1)).toBe(0);
  });
});

describe("lstsq", () => {
  it("fits a line", () => {
    const a = Matrix.from([0, 1, 2, 3].map((t) => [1, t]));
    const { x, rank, singularValues } = lstsq(a, Matrix.from([[1], [3], [5], [7]]));
    expect(x.toArrays().flat()).toEqual([expect.closeTo(1, 12), expect.closeTo(2, 12)]);
    expect(rank).toBe(2);
    expect(singularValues[0]! * singularValues[1]!).toBeCloseTo(Math.sqrt(20), 12);
  });

  it("gives zero without equations and refuses shapes that do not fit", () => {
    expect(lstsq(Matrix.zeros(0, 2), Matrix.zeros(0, 1)).x.toArrays()).toEqual([[0], [0]]);
    expect(() => lstsq(Matrix.zeros(3, 2), Matrix.zeros(2, 1))).toThrow("lstsq: b must have 3 rows, got 2");
  });
});

describe("condition", () => {
  it("is exact by SVD and close by the estimates", () => {
    const a = Matrix.diagonal([4, 1, 0.01]);
    expect(condition(a)).toBeCloseTo(400, 10);
    expect(condition(a, { method: "lu" })).toBeCloseTo(400, 10);
    expect(condition(a, { method: "cholesky" })).toBeCloseTo(400, 10);
  });

  it("is infinite for a singular matrix", () => {
    const a = Matrix.diagonal([1, 0]);
    for (const method of ["svd", "lu"] as const) expect(condition(a, { method })).toBe(Number.POSITIVE_INFINITY);
    expect(() => condition(a, { method: "cholesky" })).toThrow(expect.objectContaining({ code: "ERR_NOT_POSITIVE_DEFINITE" }));
  });

  it("refuses an unknown method", () => {
    // biome-ignore lint/suspicious/noExplicitAny: a mistake that only JavaScript can make
    expect(() => condition(gaussian(2, 2, 1), { method: "qr" as any })).toThrow('"svd", "lu", "cholesky", got "qr"');
  });
});
