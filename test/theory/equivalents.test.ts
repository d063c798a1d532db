import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  companionStieltjes,
  degreesOfFreedom,
  effectiveDamping,
  effectiveDampingSlope,
  equivalent,
  stieltjes,
} from "../../lib/theory/equivalents.js";
import { logUniformMeasure, SpectralMeasure } from "../../lib/theory/spectrum.js";

const relative = (got: number, want: number) => Math.abs(got - want) / Math.abs(want);

/** κ for S = I: the positive root of κ² + (1 − φ − λ)κ − λ = 0, without cancellation. */
function isotropicKappa(phi: number, lambda: number): number {
  const b = 1 - phi - lambda;
  const root = Math.sqrt(b * b + 4 * lambda);
  return b > 0 ? (2 * lambda) / (b + root) : (root - b) / 2;
}

describe("effectiveDamping", () => {
  it("isotropic: the root of a quadratic, for λ down to 1e-15 and φ through 1", () => {
    for (const phi of [0.01, 0.5, 0.999, 1, 1.001, 3, 50]) {
      for (const lambda of [1e-300, 1e-15, 1e-9, 1e-3, 0.3, 10, 1e6]) {
        const tolerance = Math.abs(phi - 1) < 1e-2 ? 1e-11 : 1e-13;
        expect(relative(effectiveDamping([1, 1], phi, lambda), isotropicKappa(phi, lambda)), `${phi} ${lambda}`).toBeLessThan(tolerance);
      }
    }
  });

  it("isotropic, λ = 0: κ = 0 below the threshold and φ − 1 above", () => {
    expect(effectiveDamping([1], 0.7, 0)).toBe(0);
    expect(effectiveDamping([1], 1, 0)).toBe(0);
    expect(effectiveDamping([1], 2.5, 0)).toBeCloseTo(1.5, 13);
    expect(relative(effectiveDamping([1], 1 + 1e-6, 0), 1e-6)).toBeLessThan(1e-9);
  });

  it("two-point, λ = 0, φ > 1: the root of a quadratic", () => {
    // ½φ[a/(a+κ) + c/(c+κ)] = 1, i.e. κ² + m(2 − φ)κ + (1 − φ)p = 0 with m = (a+c)/2, p = ac
    const [a, c] = [1.9, 0.1];
    for (const phi of [1.05, 1.5, 2, 4]) {
      const m = (a + c) / 2;
      const b = m * (2 - phi);
      const want = (-b + Math.sqrt(b * b - 4 * (1 - phi) * a * c)) / 2;
      expect(relative(effectiveDamping([a, c], phi, 0), want)).toBeLessThan(1e-12);
    }
  });

  it("log-uniform: satisfies λ = κ(1 − φ log((s₊+κ)/(s₋+κ))/log K)", () => {
    for (const cond of [10, 1e3, 1e5]) {
      const low = Math.log(cond) / (cond - 1);
      for (const [phi, lambda] of [
        [0.3, 1e-4],
        [0.9, 0.1],
        [2, 0.01],
        [4, 0],
      ]) {
        const kappa = effectiveDamping(logUniformMeasure(cond), phi, lambda);
        const degrees = Math.log((low * cond + kappa) / (low + kappa)) / Math.log(cond);
        expect(Math.abs(kappa * (1 - phi * degrees) - lambda)).toBeLessThan(1e-11 * kappa);
      }
    }
  });

  it("solves its equation for any spectrum, φ and λ (property)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -14, max: 3, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.double({ min: -3, max: 2, noNaN: true }),
        fc.double({ min: -14, max: 4, noNaN: true }),
        (exponents, logPhi, logLambda) => {
          const measure = new SpectralMeasure(exponents.map((e) => 10 ** e));
          const phi = 10 ** logPhi;
          const lambda = 10 ** logLambda;
          const kappa = effectiveDamping(measure, phi, lambda);
          // κ − φκ·df − λ against the size of its terms
          const explained = phi * kappa * measure.average((s) => s / (s + kappa));
          expect(kappa).toBeGreaterThanOrEqual(lambda);
          expect(Math.abs(kappa - explained - lambda)).toBeLessThan(1e-13 * (kappa + explained + lambda));
        },
      ),
      { numRuns: 400 },
    );
  });

  it("counts zero eigenvalues: a singular S of rank r behaves like φ·r", () => {
    for (const [phi, lambda] of [
      [0.8, 0.1],
      [3, 0.05],
      [3, 0],
    ]) {
      expect(relative(effectiveDamping([2, 2, 0, 0], phi, lambda), effectiveDamping([2], phi / 2, lambda))).toBeLessThan(1e-13);
    }
    expect(effectiveDamping([2, 0], 1.9, 0)).toBe(0);
  });

  it("is homogeneous, κ(cS, cλ) = cκ(S, λ), over the range of the numbers", () => {
    for (const c of [1e-300, 1e-100, 1e150, 1e300]) {
      expect(relative(effectiveDamping([3 * c, c, 0.2 * c], 1.3, 0.1 * c), c * effectiveDamping([3, 1, 0.2], 1.3, 0.1))).toBeLessThan(
        1e-13,
      );
    }
    const large = [3e303, 1e303, 2e302];
    expect(relative(effectiveDampingSlope(large, 1e3, 0), effectiveDampingSlope([3, 1, 0.2], 1e3, 0))).toBeLessThan(1e-11);
    expect(() => effectiveDamping([1e308], 10, 1)).toThrow(/too large/);
  });

  it("refuses bad arguments", () => {
    for (const phi of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => effectiveDamping([1], phi, 1)).toThrow(RangeError);
    for (const lambda of [-1e-9, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => effectiveDamping([1], 1, lambda)).toThrow(RangeError);
    for (const values of [[], [-1], [Number.NaN], [0, 0]]) expect(() => effectiveDamping(values, 1, 1)).toThrow(RangeError);
  });
});

describe("effectiveDampingSlope", () => {
  it("is the derivative of κ", () => {
    const spectrum = logUniformMeasure(300, 40);
    for (const [phi, lambda] of [
      [0.5, 0.01],
      [0.99, 0.2],
      [1.01, 1e-3],
      [3, 1],
    ]) {
      const h = lambda * 1e-4;
      const difference = (effectiveDamping(spectrum, phi, lambda + h) - effectiveDamping(spectrum, phi, lambda - h)) / (2 * h);
      expect(relative(effectiveDampingSlope(spectrum, phi, lambda), difference)).toBeLessThan(1e-6);
    }
  });

  it("equals 1/(1 − φ tr S²(S+κ)^{-2}/d), and its limits at λ = 0", () => {
    const spectrum = new SpectralMeasure([3, 1, 0.2], [1, 2, 3]);
    const { kappa, slope } = equivalent(spectrum, 1.7, 0.3);
    expect(relative(slope, 1 / (1 - 1.7 * spectrum.average((s) => (s / (s + kappa)) ** 2)))).toBeLessThan(1e-12);
    expect(effectiveDampingSlope([1, 5], 0.75, 0)).toBeCloseTo(4, 13);
    expect(effectiveDampingSlope([1], 1.5, 0)).toBeCloseTo(1.5 / 0.5, 12); // φ/(φ−1)
  });

  it("is refused at the interpolation threshold, and large near it", () => {
    expect(() => effectiveDampingSlope([1, 2], 1, 0)).toThrow(/threshold/);
    expect(() => effectiveDampingSlope([2, 0], 2, 0)).toThrow(/threshold/);
    // whatever the rounding of the weights: 20 times 1/20, rank 1/3, rank 3/7
    expect(() => effectiveDampingSlope(new Array(20).fill(1), 1, 0)).toThrow(/threshold/);
    expect(() => effectiveDampingSlope([2, 0, 0], 3, 0)).toThrow(/threshold/);
    expect(() => effectiveDampingSlope([1, 2, 3, 0, 0, 0, 0], 7 / 3, 0)).toThrow(/threshold/);
    expect(relative(effectiveDampingSlope([1], 1, 1e-12), 5e5)).toBeLessThan(1e-5);
  });
});

describe("Stieltjes transforms", () => {
  it("solve the Marchenko–Pastur quadratic φλm² + (1 − φ + λ)m − 1 = 0 for S = I", () => {
    for (const phi of [0.2, 1, 3]) {
      for (const lambda of [1e-3, 0.5, 20]) {
        const m = stieltjes([1], phi, lambda);
        expect(Math.abs(phi * lambda * m * m + (1 - phi + lambda) * m - 1)).toBeLessThan(1e-11);
      }
    }
    expect(stieltjes([1, 0.5], 0.25, 0)).toBeCloseTo(1.5 / 0.75, 13);
  });

  it("agree: v = φm + (1 − φ)/λ, degrees of freedom = 1 − λm", () => {
    const spectrum = [4, 1, 0.3, 0.01];
    for (const phi of [0.4, 1, 2]) {
      for (const lambda of [1e-4, 0.1, 3]) {
        const m = stieltjes(spectrum, phi, lambda);
        expect(relative(companionStieltjes(spectrum, phi, lambda), phi * m + (1 - phi) / lambda)).toBeLessThan(1e-9);
        expect(relative(degreesOfFreedom(spectrum, phi, lambda), 1 - lambda * m)).toBeLessThan(1e-9);
      }
    }
  });

  it("stay finite where only κ/λ overflows: (1 − 1/φ)/λ at d > n", () => {
    expect(stieltjes([1e-150, 1, 1e10], 100, 1e-300) / (0.99 / 1e-300)).toBeCloseTo(1, 12);
  });

  it("are refused where they are infinite", () => {
    expect(() => companionStieltjes([1], 0.5, 0)).toThrow(RangeError);
    expect(() => stieltjes([1], 1.5, 0)).toThrow(RangeError);
    expect(() => stieltjes([1, 0], 0.5, 0)).toThrow(RangeError);
    expect(companionStieltjes([1], 3, 0)).toBeCloseTo(0.5, 13);
  });
});
