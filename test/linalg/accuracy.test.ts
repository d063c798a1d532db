/** Residuals of factorisations and solutions over difficult matrices, by the ratios of LAPACK's own test suite. */
import { describe, expect, it } from "vitest";
import {
  cholesky,
  choleskyInverse,
  choleskySolve,
  condition,
  eigh,
  eighRange,
  eigvalsh,
  lstsq,
  lu,
  Matrix,
  qr,
  type Real,
  singularValues,
  solve,
  svd,
} from "../../lib/linalg/index.js";
import { dtypes, rectangularCases, rounded, symmetricCases, THRESHOLD, ulp, unscaled } from "./families.js";
import { epsilon, gaussian, norm1, orthogonality, product, relative, scaleColumns, transpose } from "./residuals.js";

describe.each(dtypes)("symmetric eigenproblems, %s", (dtype) => {
  it.each([1, 2, 5, 30, 70])("order %i", (n) => {
    for (const [name, a, scale, spectrum] of symmetricCases(n, dtype)) {
      const { values, vectors } = eigh(a);
      const lambda = Float64Array.from(values, (x) => x / scale);
      const size = Math.max(...lambda.map(Math.abs));
      const unit = unscaled(a, scale);
      expect(orthogonality(vectors), name).toBeLessThan(THRESHOLD);
      expect(relative(unit, product(scaleColumns(vectors, lambda), vectors, false, true), a), name).toBeLessThan(THRESHOLD);
      for (let i = 1; i < n; i++) expect(values[i]! >= values[i - 1]!, name).toBe(true);
      const alone = eigvalsh(a);
      const some = eighRange(a, { indices: [Math.floor(n / 3), n] });
      expect(orthogonality(some.vectors), name).toBeLessThan(THRESHOLD);
      for (let i = 0; i < n; i++) {
        const close = THRESHOLD * n * epsilon(a) * size;
        if (spectrum) expect(Math.abs(lambda[i]! - spectrum[i]!), name).toBeLessThanOrEqual(close);
        expect(Math.abs(alone[i]! / scale - lambda[i]!), name).toBeLessThanOrEqual(close);
        if (i >= Math.floor(n / 3)) {
          expect(Math.abs(some.values[i - Math.floor(n / 3)]! / scale - lambda[i]!), name).toBeLessThanOrEqual(close);
        }
      }
    }
  });
});

describe.each(dtypes)("Cholesky, %s", (dtype) => {
  it.each([1, 2, 5, 30, 70])("order %i", (n) => {
    const u = ulp(dtype);
    for (const [name, base, scale] of symmetricCases(n, dtype)) {
      if (!name.startsWith("geometric") && !name.startsWith("two") && !name.startsWith("identity") && name !== "badly scaled") continue;
      // X·Xᵀ + a little, of the same scale.
      const x = unscaled(base, scale);
      const square = product(x, x, false, true);
      const level = 100 * n * u * Math.max(norm1(square), 1e-300);
      for (let i = 0; i < n; i++) square.set(i, i, square.get(i, i) + level);
      const a = rounded(square, scale, dtype);
      const unit = unscaled(a, scale);
      const l = cholesky(a);
      const root = unscaled(l, Math.sqrt(scale));
      expect(relative(unit, product(root, root, false, true), a), name).toBeLessThan(THRESHOLD);

      const xTrue = gaussian(n, 3, 5, dtype);
      const b = rounded(product(unit, xTrue), scale, dtype);
      const solution = choleskySolve(l, b);
      expect(backward(unit, solution, unscaled(b, scale), a), name).toBeLessThan(THRESHOLD);

      if (scale === 1) {
        const inverse = choleskyInverse(l);
        const residual = product(unit, inverse);
        for (let i = 0; i < n; i++) residual.set(i, i, residual.get(i, i) - 1);
        expect(norm1(residual) / (n * epsilon(a) * norm1(unit) * norm1(inverse)), name).toBeLessThan(THRESHOLD);
        const exact = norm1(unit) * norm1(inverse);
        const estimate = condition(a, { method: "cholesky" });
        expect(estimate, name).toBeGreaterThan(exact / 10);
        expect(estimate, name).toBeLessThan(exact * 1.5);
      }
    }
  });
});

/** ‖B − A·X‖₁ / (n·‖A‖₁·‖X‖₁·ε). */
function backward(a: Matrix, x: Matrix<Real>, b: Matrix<Real>, like: Matrix<Real>): number {
  const residual = product(a, x);
  for (let i = 0; i < b.rows; i++) for (let j = 0; j < b.cols; j++) residual.set(i, j, residual.get(i, j) - b.get(i, j));
  const error = norm1(residual);
  return error === 0 ? 0 : error / (a.rows * norm1(a) * norm1(x) * epsilon(like));
}

describe.each(dtypes)("QR, SVD and LU, %s", (dtype) => {
  it.each([
    [1, 1],
    [1, 9],
    [9, 1],
    [30, 30],
    [70, 40],
    [40, 70],
    [120, 10],
  ])("%i×%i", (m, n) => {
    const k = Math.min(m, n);
    for (const [name, a, scale, spectrum] of rectangularCases(m, n, dtype)) {
      const unit = unscaled(a, scale);
      const { q, r } = qr(a);
      expect(orthogonality(q), name).toBeLessThan(THRESHOLD);
      expect(relative(unit, product(q, unscaled(r, scale)), a), name).toBeLessThan(THRESHOLD);

      const { u, s, vt } = svd(a);
      const sigma = Float64Array.from(s, (x) => x / scale);
      expect(orthogonality(u), name).toBeLessThan(THRESHOLD);
      expect(orthogonality(transpose(vt)), name).toBeLessThan(THRESHOLD);
      expect(relative(unit, product(scaleColumns(u, sigma), vt), a), name).toBeLessThan(THRESHOLD);
      const alone = singularValues(a);
      for (let i = 0; i < k; i++) {
        const close = THRESHOLD * Math.max(m, n) * epsilon(a) * sigma[0]!;
        if (spectrum) expect(Math.abs(sigma[i]! - spectrum[i]!), name).toBeLessThanOrEqual(close);
        expect(Math.abs(alone[i]! / scale - sigma[i]!), name).toBeLessThanOrEqual(close);
        if (i) expect(s[i]! <= s[i - 1]! && s[i]! >= 0, name).toBe(true);
      }

      const { l, u: upper, permutation } = lu(a);
      const permuted = Matrix.zeros(m, n);
      permutation.forEach((from, i) => {
        permuted.rowArray(i).set(unit.rowArray(from));
      });
      expect(relative(permuted, product(l, unscaled(upper, scale)), a), name).toBeLessThan(THRESHOLD);
      for (const x of l.data) expect(Math.abs(x), name).toBeLessThanOrEqual(1);
    }
  });

  it("full SVD has orthogonal factors", () => {
    for (const [m, n] of [
      [12, 5],
      [5, 12],
      [4, 0],
    ] as const) {
      const { u, s, vt } = svd(gaussian(m, n, 3, dtype), { full: true });
      expect([u.rows, u.cols, s.length, vt.rows, vt.cols]).toEqual([m, m, Math.min(m, n), n, n]);
      expect(orthogonality(u)).toBeLessThan(THRESHOLD);
      expect(orthogonality(vt)).toBeLessThan(THRESHOLD);
    }
  });
});

describe.each(dtypes)("square systems, %s", (dtype) => {
  it.each([1, 5, 40, 90])("order %i", (n) => {
    for (const [name, a, scale] of rectangularCases(n, n, dtype)) {
      const singular = (name === "zero" || name === "rank one" || name === "half rank") && n > 1;
      if (singular || name === "zero") continue;
      const unit = unscaled(a, scale);
      const b = rounded(product(unit, gaussian(n, 4, 9)), scale, dtype);
      expect(backward(unit, solve(a, b), unscaled(b, scale), a), name).toBeLessThan(THRESHOLD);
      if (scale !== 1 || name === "badly scaled") continue;
      const inverse = solve(a, rounded(Matrix.identity(n), 1, dtype));
      const exact = norm1(a) * norm1(inverse);
      const estimate = condition(a, { method: "lu" });
      expect(estimate, name).toBeGreaterThan(exact / 10);
      expect(estimate, name).toBeLessThan(exact * 1.5);
    }
  });
});

describe.each(dtypes)("least squares, %s", (dtype) => {
  it.each([
    [20, 20],
    [60, 25],
    [25, 60],
  ])("%i×%i: normal equations, rank and least norm", (m, n) => {
    for (const [name, a, scale] of rectangularCases(m, n, dtype)) {
      if (name !== "identity" && name !== "half rank" && name !== "near overflow" && name !== "rank one") continue;
      const k = Math.min(m, n);
      const unit = unscaled(a, scale);
      const b = rounded(gaussian(m, 3, 11), 1, dtype);
      const { x, rank } = lstsq(a, b, { rcond: 100 * n * ulp(dtype) });
      expect(rank, name).toBe(name === "half rank" ? Math.ceil(k / 2) : name === "rank one" ? 1 : name === "near overflow" ? k - 1 : k);
      const scaled = unscaled(x, 1 / scale);
      const residual = product(unit, scaled);
      for (let i = 0; i < m; i++) for (let j = 0; j < 3; j++) residual.set(i, j, b.get(i, j) - residual.get(i, j));
      const gradient = product(unit, residual, true);
      expect(norm1(gradient) / (Math.max(m, n) * norm1(unit) * norm1(b) * epsilon(a)), name).toBeLessThan(THRESHOLD);
      // Least norm: X lies in the row space, so projecting it there changes nothing.
      const { vt } = svd(a);
      const rows = new Matrix(vt.data, rank, n);
      const projected = product(rows, product(rows, scaled), true);
      expect(relative(scaled, projected, a), name).toBeLessThan(10 * THRESHOLD);
    }
  });
});
