import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AlignmentProblem,
  alignmentProblem,
  filteredAlignment,
  kfacAlignment,
  kfacSeparateAlignment,
  optimalDamping,
  sgdAlignment,
} from "../../lib/theory/alignment.js";
import { effectiveDamping } from "../../lib/theory/equivalents.js";
import { SpectralMeasure } from "../../lib/theory/spectrum.js";

const spectra = fc.array(fc.double({ min: -3, max: 1, noNaN: true }), { minLength: 1, maxLength: 10 }).map((e) => e.map((x) => 10 ** x));
const problems: fc.Arbitrary<AlignmentProblem> = fc.record({
  spectrum: spectra,
  phi: fc.double({ min: 0.02, max: 6, noNaN: true }),
  metric: fc.constantFrom("euclidean" as const, "covariance" as const),
  slope: fc.double({ min: 0.1, max: 2, noNaN: true }),
  noiseVariance: fc.double({ min: 0.01, max: 3, noNaN: true }),
});
const relative = (got: number, want: number) => Math.abs(got - want) / Math.abs(want);

describe("closed forms", () => {
  it("isotropic: both methods in terms of φ, v, a1 alone", () => {
    const [phi, slope, noiseVariance] = [0.4, 0.5, 0.26];
    const problem = { spectrum: [1, 1, 1], phi, slope, noiseVariance };
    expect(sgdAlignment(problem)).toBeCloseTo(slope ** 2 / (slope ** 2 + (slope ** 2 + noiseVariance) * phi), 14);
    // least squares: cos² = a1²/(a1² + v φ/(1−φ))
    expect(kfacAlignment(problem, 0)).toBeCloseTo(slope ** 2 / (slope ** 2 + (noiseVariance * phi) / (1 - phi)), 14);
    // least norm, φ > 1: b̂ = Pb a1 + noise, |Pb|² = 1/φ, noise v/(φ−1)
    const wide = { ...problem, phi: 2.5 };
    expect(kfacAlignment(wide, 0)).toBeCloseTo((slope / 2.5) ** 2 / (slope ** 2 / 2.5 + noiseVariance / 1.5), 13);
  });

  it("two-point, least squares: v φ/(1−φ) · mean(1/s)", () => {
    const e = 0.6;
    const problem = { spectrum: [1 + e, 1 - e], phi: 0.3, slope: 1, noiseVariance: 0.5 };
    expect(kfacAlignment(problem, 0)).toBeCloseTo(1 / (1 + (0.5 * 0.3) / 0.7 / (1 - e * e)), 14);
    expect(kfacAlignment({ ...problem, metric: "covariance" }, 0)).toBeCloseTo(1 / (1 + (0.5 * 0.3) / 0.7), 14);
  });

  it("n → ∞: SGD keeps the bias m1²/m2, KFAC none", () => {
    const problem = { spectrum: [2, 1, 0.25], phi: 1e-9, slope: 0.7, noiseVariance: 1 };
    const measure = new SpectralMeasure(problem.spectrum);
    expect(sgdAlignment(problem)).toBeCloseTo(measure.mean ** 2 / measure.average((s) => s * s), 7);
    expect(kfacAlignment(problem, 0)).toBeCloseTo(1, 7);
  });

  it("the ridgeless limit is reached continuously from λ > 0", () => {
    for (const phi of [0.4, 0.95, 1.05, 3]) {
      const problem = { spectrum: [3, 1, 0.1], phi, slope: 0.5, noiseVariance: 0.3 };
      expect(relative(kfacAlignment(problem, 1e-11), kfacAlignment(problem, 0))).toBeLessThan(1e-7);
    }
  });

  it("is refused at the threshold and for a direction that vanishes", () => {
    const problem = { spectrum: [1, 2], phi: 1, slope: 0.5, noiseVariance: 0.3 };
    expect(() => kfacAlignment(problem, 0)).toThrow(/threshold/);
    expect(() => sgdAlignment({ ...problem, slope: 0, noiseVariance: 0 })).toThrow(RangeError);
    expect(() => sgdAlignment({ ...problem, direction: [1] })).toThrow(RangeError);
    expect(() => sgdAlignment({ ...problem, direction: [1, -1] })).toThrow(RangeError);
    expect(() => sgdAlignment({ ...problem, noiseVariance: -1 })).toThrow(RangeError);
    expect(() => optimalDamping({ ...problem, slope: 0 })).toThrow(RangeError);
  });

  it("names what it refuses", () => {
    const problem = { spectrum: [1, 2, 0], phi: 0.5, slope: 0.5, noiseVariance: 0.3 };
    expect(() => sgdAlignment({ ...problem, metric: "S" as "covariance" })).toThrow(/metric/);
    expect(() => filteredAlignment(problem, () => Number.NaN)).toThrow(/g is NaN at eigenvalue 1/);
    for (const lambda of [-1, Number.NaN, null, [], true]) expect(() => kfacAlignment(problem, lambda as number)).toThrow(/lambda/);
    expect(() => kfacSeparateAlignment(problem, 0.1, 0)).toThrow(/phiStatistics/);
    // A zero eigenvalue contributes nothing, whatever the filter says of it.
    expect(filteredAlignment(problem, (s) => 1 / s)).toBeCloseTo(
      filteredAlignment(problem, (s) => (s > 0 ? 1 / s : 7)),
      14,
    );
  });

  it("an even link has no slope at all, so no damping is best", () => {
    const problem = alignmentProblem({ spectrum: [1, 2, 3], phi: 0.5, link: (u) => u * u - 1, noise: 0.1 });
    expect(problem.slope).toBe(0);
    expect(kfacAlignment(problem, 1)).toBe(0);
    expect(() => optimalDamping(problem)).toThrow(/no linear part/);
  });

  it("does not depend on the units of the inputs, over the range of the numbers", () => {
    const spectrum = [3, 1, 0.1, 0];
    const problem = { spectrum, phi: 0.7, slope: 0.5, noiseVariance: 0.3, direction: [0.2, 0.5, 0.3, 0] };
    for (const unit of [1e-300, 1e-150, 1e150, 1e300]) {
      // y and ⟨b, x⟩ keep their units: b shrinks as x grows.
      const scaled = { ...problem, spectrum: spectrum.map((s) => s * unit), direction: problem.direction.map((b) => b / unit) };
      for (const metric of ["euclidean", "covariance"] as const) {
        const close = (got: number, want: number) => expect(relative(got, want)).toBeLessThan(1e-12);
        for (const lambda of [0, 0.3]) {
          close(kfacAlignment({ ...scaled, metric }, lambda * unit), kfacAlignment({ ...problem, metric }, lambda));
          close(
            kfacSeparateAlignment({ ...scaled, metric }, lambda * unit, 0.4),
            kfacSeparateAlignment({ ...problem, metric }, lambda, 0.4),
          );
        }
        close(sgdAlignment({ ...scaled, metric }), sgdAlignment({ ...problem, metric }));
        close(
          filteredAlignment({ ...scaled, metric }, (s) => 1 / s),
          filteredAlignment({ ...problem, metric }, (s) => 1 / s),
        );
        close(optimalDamping({ ...scaled, metric }) / unit, optimalDamping({ ...problem, metric }));
      }
    }
  });

  it("undamped, sees nothing of b where S is zero", () => {
    const problem = { phi: 0.7, slope: 0.5, noiseVariance: 0.3 };
    const seen = kfacAlignment({ ...problem, spectrum: [3, 0], direction: [0.5, 0] }, 0);
    expect(relative(kfacAlignment({ ...problem, spectrum: [3, 0], direction: [0.5, 0.5] }, 0), seen / 2)).toBeLessThan(1e-13);
  });

  it("does not depend on the units of labels and of b, nor overflow for huge dampings", () => {
    const problem = { spectrum: [3, 1, 0.1], phi: 0.7, slope: 0.5, noiseVariance: 0.3, direction: [0.2, 0.5, 0.3] };
    for (const unit of [1e-140, 1e-20, 1e20, 1e140]) {
      const scaled = { ...problem, direction: problem.direction.map((b) => b * unit), noiseVariance: 0.3 * unit };
      const labels = { ...problem, slope: 0.5 * unit, noiseVariance: 0.3 * unit * unit };
      for (const metric of ["euclidean", "covariance"] as const) {
        for (const lambda of [0, 0.3]) {
          const want = kfacAlignment({ ...problem, metric }, lambda);
          expect(relative(kfacAlignment({ ...scaled, metric }, lambda), want)).toBeLessThan(1e-12);
          expect(relative(kfacAlignment({ ...labels, metric }, lambda), want)).toBeLessThan(1e-12);
        }
      }
    }
    for (const lambda of [1e20, 1e150, 1e300, Number.POSITIVE_INFINITY]) {
      expect(relative(kfacAlignment(problem, lambda), sgdAlignment(problem))).toBeLessThan(1e-12);
      expect(relative(kfacSeparateAlignment(problem, lambda, 0.4), sgdAlignment(problem))).toBeLessThan(1e-12);
    }
  });
});

describe("relations", () => {
  it("heavy damping turns KFAC into SGD; light damping with many statistics into a population filter", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        expect(relative(kfacAlignment(problem, 1e10), sgdAlignment(problem))).toBeLessThan(1e-7);
        const exact = filteredAlignment(problem, (s) => 1 / (s + 0.1));
        expect(relative(kfacSeparateAlignment(problem, 0.1, 1e-12), exact)).toBeLessThan(1e-8);
      }),
    );
  });

  it("λ* = φv/a1² is the best damping in either metric, with cos² = tr MS(S+κ*)^{-1}/tr M ≥ SGD", () => {
    fc.assert(
      fc.property(problems, fc.double({ min: -2, max: 2, noNaN: true }), (problem, log) => {
        const best = optimalDamping(problem);
        const value = kfacAlignment(problem, best);
        expect(value).toBeGreaterThanOrEqual(kfacAlignment(problem, best * 10 ** log) - 1e-12);
        expect(value).toBeGreaterThanOrEqual(sgdAlignment(problem) - 1e-12);
        const measure = new SpectralMeasure(problem.spectrum as number[]);
        const kappa = effectiveDamping(measure, problem.phi, best);
        const metric = (s: number) => (problem.metric === "covariance" ? s : 1);
        expect(relative(value, measure.average((s) => (metric(s) * s) / (s + kappa)) / measure.average(metric))).toBeLessThan(1e-9);
      }),
    );
  });

  it("the searched optimum agrees with the closed one when the direction happens to be isotropic", () => {
    const problem = { spectrum: [4, 1, 0.2, 0.05], phi: 0.8, slope: 0.6, noiseVariance: 0.4 };
    expect(relative(optimalDamping({ ...problem, direction: [0.25, 0.25, 0.25, 0.25] }), optimalDamping(problem))).toBeLessThan(1e-4);
  });

  it("KFAC loses to SGD when damping and data are scarce (and wins at λ*)", () => {
    const problem = { spectrum: [1.5, 0.5], phi: 1.1, slope: 0.5, noiseVariance: 0.35 };
    expect(kfacAlignment(problem, 1e-4)).toBeLessThan(0.5 * sgdAlignment(problem));
    expect(kfacAlignment(problem, optimalDamping(problem))).toBeGreaterThan(sgdAlignment(problem));
  });

  it("alignmentProblem takes τ² = bᵀSb into the link's coefficients", () => {
    const link = (u: number) => u + (u * u - 1) / Math.SQRT2;
    const problem = alignmentProblem({ spectrum: [4, 1], phi: 1, direction: [1, 0], link, noise: 0.5 });
    expect(problem.slope).toBeCloseTo(1, 12);
    expect(problem.noiseVariance).toBeCloseTo(9 / 2 + 16 + 0.25, 10);
    expect(alignmentProblem({ spectrum: [4, 1], phi: 1, direction: [1, 0], link, noise: 0.5, centred: true }).noiseVariance).toBeCloseTo(
      16.25,
      10,
    );
  });
});
