import { describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { cholesky, choleskyInverse, choleskySolve, Matrix } from "../../lib/linalg/index.js";
import { gaussian, product, relative } from "./residuals.js";

const definite = (n: number, seed: number, dtype: "float64" | "float32") => {
  const x = gaussian(n, 2 * n, seed, dtype);
  const out = gaussian(n, n, 0, dtype);
  return out.copy(product(x, x, false, true));
};

describe.each(["float64", "float32"] as const)("cholesky, %s", (dtype) => {
  it.each([1, 2, 13, 33, 64, 100, 150])("factors, solves and inverts at order %i", (n) => {
    const a = definite(n, n, dtype);
    const factor = cholesky(a);
    expect(relative(a, product(factor, factor, false, true))).toBeLessThan(30);
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(factor.get(i, j)).toBe(0);

    for (const nrhs of [1, 3]) {
      const x = gaussian(n, nrhs, n + 1, dtype);
      const b = gaussian(n, nrhs, 0, dtype).copy(product(a, x));
      const solution = choleskySolve(factor, b);
      // ‖B − AX‖ / (‖A‖‖X‖nε)
      expect(relative(b, product(a, solution))).toBeLessThan(30 * 50);
      expect(choleskySolve(factor, b, { out: b })).toBe(b);
      expect(b.toArrays()).toEqual(solution.toArrays());
    }

    const inverse = choleskyInverse(factor);
    expect(relative(Matrix.identity(n), product(a, inverse), a)).toBeLessThan(30 * 50);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(inverse.get(i, j)).toBe(inverse.get(j, i));
  });
});

describe("cholesky", () => {
  it("names the leading minor that fails", () => {
    const a = Matrix.identity(9);
    a.set(6, 6, -1);
    expect(() => cholesky(a)).toThrow(
      expect.objectContaining({ code: "ERR_NOT_POSITIVE_DEFINITE", message: "dpotrf: leading minor of order 7 is not positive definite" }),
    );
    a.set(6, 6, Number.NaN);
    expect(() => cholesky(a)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
  });

  it("names it wherever the halves of a large matrix put it, and leaves the other triangle alone when told so", () => {
    for (const order of [31, 33, 90, 128]) {
      for (const minor of [1, 30, 31, 64, 65, 90, 128].filter((k) => k <= order)) {
        const a = Matrix.identity(order);
        a.set(minor - 1, minor - 1, -1);
        expect(() => cholesky(a)).toThrow(`leading minor of order ${minor} is not`);
      }
    }
    for (const lower of [true, false]) {
      const a = definite(140, 1, "float64");
      for (let i = 0; i < 140; i++) for (let j = 0; j < 140; j++) if (lower ? j > i : j < i) a.set(i, j, Number.NaN);
      binding.dpotrf(lower, false, 140, a.data as Float64Array, 0, 140);
      for (let i = 0; i < 140; i++) for (let j = 0; j < 140; j++) expect(Number.isNaN(a.get(i, j))).toBe(lower ? j > i : j < i);
      const factor = Matrix.zeros(140, 140);
      for (let i = 0; i < 140; i++) for (let j = 0; j <= i; j++) factor.set(i, j, lower ? a.get(i, j) : a.get(j, i));
      expect(relative(definite(140, 1, "float64"), product(factor, factor, false, true))).toBeLessThan(30);
      binding.dpotri(lower, 140, a.data as Float64Array, 0, 140);
      expect(relative(choleskyInverse(factor), a)).toBeLessThan(30 * 50);
    }
  });

  it.each(["float64", "float32"] as const)("is refused, and not NaN, where the factor overflows in %s", (dtype) => {
    // Row n − 1 of L begins with −∞ or ∞, and then is ∞·0: no leading minor but the last can be blamed for it.
    for (const n of [3, 33, 70]) {
      const a = Matrix.zeros(n, n, dtype);
      for (let i = 0; i < n; i++) a.set(i, i, 1);
      a.set(0, 0, dtype === "float64" ? 1e-77 : 1e-9);
      for (const sign of [1, -1]) {
        const huge = sign * (dtype === "float64" ? 1e308 : 3e38);
        a.set(n - 1, 0, huge);
        a.set(0, n - 1, huge);
        expect(() => cholesky(a)).toThrow(`leading minor of order ${n} is not positive definite`);
      }
    }
  });

  it("names the zero of a singular factor", () => {
    const factor = Matrix.identity(5);
    factor.set(3, 3, 0);
    expect(() => choleskyInverse(factor)).toThrow(expect.objectContaining({ code: "ERR_SINGULAR" }));
  });

  it("refuses right-hand sides that do not fit", () => {
    expect(() => choleskySolve(Matrix.identity(3), Matrix.zeros(2, 1))).toThrow("choleskySolve: b must have 3 rows, got 2");
  });
});
