import { describe, expect, it } from "vitest";
import { hermite } from "../../lib/special/hermite.js";
import { hermiteCoefficients, indexCoefficients } from "../../lib/theory/hermite.js";

describe("hermiteCoefficients", () => {
  it("are the coordinates of a polynomial in the Hermite basis", () => {
    const c = hermiteCoefficients((u) => 2 * hermite(0, u) - hermite(1, u) + 0.5 * hermite(3, u), 5);
    [2, -1, 0, 0.5, 0, 0].forEach((want, k) => {
      expect(c[k]).toBeCloseTo(want, 12);
    });
  });

  it("of the ReLU: 1/√2π, 1/2, 1/√4π, 0 at τ = 1, and proportional to τ", () => {
    for (const std of [0.3, 1, 3]) {
      const c = hermiteCoefficients((u) => Math.max(u, 0), 3, { std });
      [1 / Math.sqrt(2 * Math.PI), 0.5, 1 / Math.sqrt(4 * Math.PI), 0].forEach((want, k) => {
        expect(c[k] / std).toBeCloseTo(want, 11);
      });
    }
  });

  it("satisfy Parseval for sin: E sin(τZ)² = (1 − e^{−2τ²})/2", () => {
    const std = 1.3;
    const energy = hermiteCoefficients(Math.sin, 60, { std }).reduce((total, c) => total + c * c, 0);
    expect(energy).toBeCloseTo((1 - Math.exp(-2 * std * std)) / 2, 12);
  });

  it("of exp(u²/5): √v ((v−1)/2)^{k/2} √k!/(k/2)!, v = 1/(1 − 2τ²/5), also where they are not square summable", () => {
    for (const std of [0.5, 1, 1.3]) {
      const v = 1 / (1 - (2 / 5) * std * std);
      const c = hermiteCoefficients((u) => Math.exp((u * u) / 5), 30, { std });
      let want = Math.sqrt(v);
      for (let k = 0; k <= 30; k += 2) {
        expect(Math.abs(c[k] - want)).toBeLessThan(1e-11 * Math.max(1, want));
        want *= ((v - 1) / 2) * Math.sqrt((k + 1) * (k + 2)) * (2 / (k + 2));
      }
    }
  });

  it("of a jump at t: h_{k−1}(t) φ(t)/√k", () => {
    const t = 0.3;
    const density = Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
    const c = hermiteCoefficients((u) => (u > t ? 1 : 0), 60);
    for (let k = 1; k <= 60; k++) expect(Math.abs(c[k] - (hermite(k - 1, t) * density) / Math.sqrt(k))).toBeLessThan(1e-12);
  });

  it("refuse bad degrees", () => {
    for (const degree of [-1, 1.5, Number.NaN, 513]) expect(() => hermiteCoefficients(Math.sin, degree)).toThrow(/degree/);
    expect(() => indexCoefficients(Math.sin, Number.NaN)).toThrow(/indexCoefficients: std/);
    expect(() => hermite(0.5, 1)).toThrow(RangeError);
  });
});

describe("indexCoefficients", () => {
  it.each([0.2, 1, 2.5])("of u + (u²−1)/√2 and u + (u³−3u)/√6 at τ = %d", (std) => {
    const two = indexCoefficients((u) => u + (u * u - 1) / Math.SQRT2, std);
    expect(two.mean).toBeCloseTo((std ** 2 - 1) / Math.SQRT2, 12);
    expect(two.slope).toBeCloseTo(1, 12);
    expect(two.residual / std ** 4).toBeCloseTo(1, 11);
    const three = indexCoefficients((u) => u + (u ** 3 - 3 * u) / Math.sqrt(6), std);
    expect(three.slope).toBeCloseTo(1 + (3 * std ** 2 - 3) / Math.sqrt(6), 12);
    expect(three.residual / std ** 6).toBeCloseTo(1, 11);
  });

  it("keeps a small residual accurate: tanh at τ → 0 leaves τ⁶·6/9", () => {
    const std = 1e-3;
    expect(indexCoefficients(Math.tanh, std).residual / ((6 / 9) * std ** 6)).toBeCloseTo(1, 4);
  });

  it("of |u|: no slope, mean τ√(2/π)", () => {
    const { mean, slope, residual } = indexCoefficients(Math.abs, 1.7);
    expect(mean).toBeCloseTo(1.7 * Math.sqrt(2 / Math.PI), 11);
    expect(slope).toBe(0);
    expect(residual).toBeCloseTo(1.7 ** 2 * (1 - 2 / Math.PI), 11);
  });
});
