import { describe, expect, it } from "vitest";
import { axpy, gemm, Matrix, norm, syrk } from "../../lib/linalg/index.js";
import { Covariance, type Inputs, logSpectrum, Stream } from "../../lib/random/index.js";

const difference = (a: Matrix, b: Matrix) => norm(axpy(-1, b, a.clone())) / norm(b);
const d = 12;
const covariance = Covariance.rotated(logSpectrum(d, 1e3), new Stream(1, "covariance"));

describe("Covariance", () => {
  it("has the powers of V·diag(spectrum)·Vᵀ", () => {
    const { matrix, sqrt, basis, spectrum } = covariance;
    const diagonal = gemm(basis.T, gemm(matrix, basis));
    expect(difference(diagonal, Matrix.diagonal(spectrum))).toBeLessThan(1e-14);
    expect(difference(gemm(sqrt, sqrt), matrix)).toBeLessThan(1e-14);
    expect(difference(gemm(covariance.power(-1), matrix), Matrix.identity(d))).toBeLessThan(1e-11);
    expect(covariance.power(-0.5)).toBe(covariance.power(-0.5));
    for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) expect(sqrt.get(i, j)).toBe(sqrt.get(j, i));
  });

  it("comes back from its matrix, a singular one too", () => {
    const singular = new Covariance(Float64Array.of(0, 0, 1, 5), Covariance.rotated(new Float64Array(4), new Stream(2)).basis);
    const again = Covariance.from(singular.matrix);
    expect(difference(again.matrix, singular.matrix)).toBeLessThan(1e-14);
    expect(Math.min(...again.spectrum)).toBeGreaterThanOrEqual(0);
    expect(() => singular.power(-0.5)).toThrow(/singular/);
    const x = singular.sample(new Stream(3), Matrix.zeros(50, 4));
    const out = gemm(x, singular.basis.block(0, 0, 4, 2).clone());
    expect(norm(out)).toBeLessThan(1e-14 * norm(x));
  });

  // The squared Frobenius error of XᵀX/n has mean (|S|² + (tr S)²)/n for Gaussian x, a little less for signs. A wrong
  // root or dependent rows would leave an error that does not shrink with n.
  it.each<Inputs>(["gaussian", "rademacher"])("samples rows of that covariance (%s)", (inputs) => {
    const n = 200_000;
    const x = covariance.sample(new Stream(4, inputs), Matrix.zeros(n, d), inputs);
    const error = norm(axpy(-1, covariance.matrix, syrk(x.T, { alpha: 1 / n })));
    const expected = Math.sqrt((norm(covariance.matrix) ** 2 + d * d) / n);
    expect(error).toBeLessThan(2 * expected);
    expect(error).toBeGreaterThan(expected / 4);
  });

  it("whitens Rademacher samples back to signs", () => {
    const x = covariance.sample(new Stream(5), Matrix.zeros(40, d), "rademacher");
    const u = gemm(x, covariance.power(-0.5));
    const signs = new Stream(5).rademacher(Matrix.zeros(40, d));
    expect(difference(u, signs)).toBeLessThan(1e-12);
  });

  it.each<Inputs>(["gaussian", "rademacher"])("samples the same numbers in single precision and into strided views (%s)", (inputs) => {
    const double = covariance.sample(new Stream(6), Matrix.zeros(7, d), inputs);
    const single = covariance.sample(new Stream(6), Matrix.zeros(7, d, "float32"), inputs);
    expect(difference(Matrix.zeros(7, d).copy(single), double)).toBeLessThan(1e-6);
    const view = Matrix.zeros(9, d + 3).block(1, 2, 7, d);
    expect(covariance.sample(new Stream(6), view, inputs)).toBe(view);
    expect(difference(view.clone(), double)).toBeLessThan(1e-14);
  });

  it("refuses wrong shapes, eigenvalues and laws", () => {
    expect(() => new Covariance(Float64Array.of(1, -1), Matrix.identity(2))).toThrow(/spectrum\[1\] = -1/);
    expect(() => new Covariance(Float64Array.of(1, Number.NaN), Matrix.identity(2))).toThrow(RangeError);
    expect(() => new Covariance(Float64Array.of(1, 1), Matrix.identity(3))).toThrow(/basis must be 2×2/);
    expect(() => covariance.sample(new Stream(1), Matrix.zeros(3, d + 1))).toThrow(/12 columns/);
    expect(() => covariance.sample(new Stream(1), Matrix.zeros(3, d), "uniform" as Inputs)).toThrow(/inputs/);
  });
});
