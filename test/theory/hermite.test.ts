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

  it("refuse bad degrees", () => {
    expect(() => hermiteCoefficients(Math.sin, -1)).toThrow(RangeError);
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
    expect(Math.abs(slope)).toBeLessThan(1e-12);
    expect(residual).toBeCloseTo(1.7 ** 2 * (1 - 2 / Math.PI), 11);
  });
});
