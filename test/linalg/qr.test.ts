import { describe, expect, it } from "vitest";
import { Matrix, qr } from "../../lib/linalg/index.js";
import { gaussian, orthogonality, product, relative } from "./residuals.js";

describe.each(["float64", "float32"] as const)("qr, %s", (dtype) => {
  it.each([
    [1, 1],
    [5, 5],
    [40, 7],
    [7, 40],
    [100, 64],
    [64, 100],
    [3, 0],
    [0, 3],
  ])("factors %i×%i", (m, n) => {
    const a = gaussian(m, n, m + n, dtype);
    const { q, r } = qr(a);
    expect([q.rows, q.cols, r.rows, r.cols]).toEqual([m, Math.min(m, n), Math.min(m, n), n]);
    expect(orthogonality(q)).toBeLessThan(30);
    expect(relative(a, product(q, r))).toBeLessThan(30);
    for (let i = 0; i < r.rows; i++) for (let j = 0; j < Math.min(i, n); j++) expect(r.get(i, j)).toBe(0);
  });
});

it("takes strided views and refuses what is not finite", () => {
  const whole = gaussian(10, 10, 1) as Matrix;
  const view = whole.block(1, 2, 6, 4);
  expect(qr(view).q.toArrays()).toEqual(qr(view.clone()).q.toArrays());
  const bad = Matrix.identity(3);
  bad.set(0, 2, Number.NaN);
  expect(() => qr(bad)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
});
