import { describe, expect, it } from "vitest";
import { Matrix, singularValues, svd } from "../../lib/linalg/index.js";
import { gaussian, orthogonality, product, relative, scaleColumns, transpose } from "./residuals.js";

describe.each(["float64", "float32"] as const)("svd, %s", (dtype) => {
  it.each([
    [1, 1],
    [5, 5],
    [40, 7],
    [7, 40],
    [90, 64],
    [3, 0],
  ])("decomposes %i×%i", (m, n) => {
    const a = gaussian(m, n, m + n, dtype);
    const { u, s, vt } = svd(a);
    const k = Math.min(m, n);
    expect([u.rows, u.cols, s.length, vt.rows, vt.cols]).toEqual([m, k, k, k, n]);
    expect(orthogonality(u)).toBeLessThan(30);
    expect(orthogonality(transpose(vt))).toBeLessThan(30);
    expect(relative(a, product(scaleColumns(u, s), vt))).toBeLessThan(30);
    expect([...s]).toEqual([...s].sort((x, y) => y - x));
    const alone = singularValues(a);
    for (let i = 0; i < k; i++) expect(Math.abs(alone[i]! - s[i]!)).toBeLessThan(s[0]! * (dtype === "float64" ? 1e-13 : 1e-5));
  });
});

it("refuses what is not finite", () => {
  const bad = Matrix.identity(3);
  bad.set(0, 2, Number.NEGATIVE_INFINITY);
  expect(() => svd(bad)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
});
