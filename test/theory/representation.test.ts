import { describe, expect, it } from "vitest";
import { cholesky, choleskyInverse, choleskySolve, eigvalsh, gemm, Matrix, norm, qr, solve, syrk } from "../../lib/linalg/index.js";
import { Stream } from "../../lib/random/index.js";
import { angleStep, bestLocalRate, dampedRates, kfacNoiseFloor, localRates, schurSpectrum } from "../../lib/theory/representation.js";

const [d, k, dy] = [9, 3, 5];
const stream = new Stream(20250115, "representation theory");
const normal = (rows: number, cols: number, name: string) => stream.child(name).normal(Matrix.zeros(rows, cols)) as Matrix;
const transpose = (a: Matrix) => gemm(a.T, Matrix.identity(a.rows));
const basis = transpose(qr(normal(d, k, "basis")).q);
const root = normal(d, d, "root");
const covariance = syrk(root, { alpha: 1 / d });
const minus = (a: Matrix, b: Matrix) => Matrix.from(a.toArrays().map((row, i) => row.map((v, j) => v - b.get(i, j))));
const projector = minus(Matrix.identity(d), syrk(basis.T));

describe("schurSpectrum", () => {
  it("has the reciprocals of the eigenvalues of S⁻¹ restricted to the complement of G*", () => {
    // det and trace of (Qᵀ S⁻¹ Q)⁻¹ without building it: tr of its inverse is tr Pp S⁻¹
    const inverse = choleskyInverse(cholesky(covariance));
    let want = 0;
    for (let i = 0; i < d; i++) want += gemm(projector, inverse).get(i, i);
    const schur = schurSpectrum(covariance, basis);
    expect(schur.length).toBe(d - k);
    expect(schur.reduce((total, s) => total + 1 / s, 0) / want).toBeCloseTo(1, 8);
  });

  it("is the spectrum of S off the span when G* is spanned by eigenvectors", () => {
    const s = Matrix.diagonal([5, 1, 4, 2, 3]);
    const g = Matrix.from([
      [1, 0, 0, 0, 0],
      [0, 0, 0, 0, 1],
    ]);
    [1, 2, 4].forEach((want, i) => {
      expect(schurSpectrum(s, g)[i]).toBeCloseTo(want, 12);
    });
  });

  it("refuses a basis that is not orthonormal", () => {
    expect(() => schurSpectrum(covariance, normal(k, d, "other"))).toThrow(RangeError);
    expect(() => schurSpectrum(covariance, Matrix.zeros(k, d - 1))).toThrow(RangeError);
  });

  it("refuses what is no covariance, as do the recursion and the floor", () => {
    const [skew, broken, indefinite] = [covariance.clone(), covariance.clone(), covariance.clone()];
    skew.set(0, 1, 5);
    broken.set(2, 2, Number.NaN);
    indefinite.set(1, 1, -1);
    const tangent = Matrix.zeros(k, d);
    const floor = { head: normal(dy, k, "head"), basis, n: 40, noise: 1, eta: 0.3 };
    for (const call of [
      (s: Matrix) => schurSpectrum(s, basis),
      (s: Matrix) => angleStep(tangent, s, basis, 0.3),
      (s: Matrix) => kfacNoiseFloor({ ...floor, covariance: s }),
    ]) {
      expect(() => call(skew)).toThrow(/covariance must be symmetric/);
      expect(() => call(broken)).toThrow(/covariance must be finite/);
      expect(() => call(indefinite)).toThrow(/not positive definite/);
    }
  });
});

/** One population AMGD step from tangent T, F at population least squares, G = G* + T (rows need no normalisation: T is its own chart). */
function populationStep(tangent: Matrix, head: Matrix, eta: number, left: Matrix | null, right: boolean): Matrix {
  const g = Matrix.from(basis.toArrays().map((row, i) => row.map((v, j) => v + tangent.get(i, j))));
  const gs = gemm(g, covariance);
  // F = F* G* S Gᵀ (G S Gᵀ)⁻¹
  const f = transpose(solve(gemm(gs, g.T), gemm(gs, gemm(head, basis).T)));
  const residual = minus(gemm(f, g), gemm(head, basis));
  let gradient = gemm(gemm(f.T, residual), covariance);
  if (right) gradient = gemm(f.T, residual);
  if (left) gradient = choleskySolve(cholesky(syrk(f.T)), gradient);
  const next = Matrix.from(g.toArrays().map((row, i) => row.map((v, j) => v - eta * gradient.get(i, j))));
  // (GG*ᵀ)⁻¹ G Pp
  return solve(gemm(next, basis.T), gemm(next, projector));
}

describe("local rates", () => {
  const head = normal(dy, k, "head");
  const mu = eigvalsh(syrk(head.T));
  const small = gemm(normal(k, d, "tangent"), projector, { alpha: 1e-7 });

  it.each(["none", "left", "right", "both"] as const)("power iteration of the population step finds the slowest mode (%s)", (which) => {
    const schur = schurSpectrum(covariance, basis);
    const most = (which === "none" || which === "right" ? mu[k - 1] : 1) * (which === "none" || which === "left" ? schur[d - k - 1] : 1);
    const eta = 0.9 / most;
    const { radius, modes } = localRates(mu, schur, eta, which);
    let tangent = small;
    let ratio = 0;
    for (let step = 0; step < 20000; step++) {
      const next = populationStep(
        tangent,
        head,
        eta,
        which === "left" || which === "both" ? head : null,
        which === "right" || which === "both",
      );
      const change = Math.abs(norm(next) / norm(tangent) - ratio);
      ratio = norm(next) / norm(tangent);
      const scale = 1e-7 / norm(next);
      tangent = Matrix.from(next.toArrays().map((row) => row.map((v) => v * scale)));
      if (step > 100 && change < 1e-11) break;
    }
    expect(ratio).toBeCloseTo(radius, 5);
    expect(modes.length).toBe({ none: k * (d - k), left: d - k, right: k, both: 1 }[which]);
  });

  it("the best step equalises the extreme modes", () => {
    const { eta, radius } = bestLocalRate([1, 2], [0.5, 4]);
    const { modes } = localRates([1, 2], [0.5, 4], eta);
    expect(modes[0]).toBeCloseTo(-radius, 14);
    expect(modes[modes.length - 1]).toBeCloseTo(radius, 14);
    expect(radius).toBeCloseTo(15 / 17, 14);
    expect(bestLocalRate([1, 2], [0.5, 4], "both")).toEqual({ eta: 1, radius: 0 });
  });

  it("refuse what is not positive", () => {
    expect(() => localRates([1], [0], 0.1)).toThrow(RangeError);
    expect(() => localRates([1], [1], 0)).toThrow(RangeError);
    expect(() => localRates([], [1], 0.1)).toThrow(RangeError);
    expect(() => localRates([1], [1], 0.1, "sideways" as "left")).toThrow(/preconditioning/);
    expect(() => dampedRates([1], -1, 0.1)).toThrow(RangeError);
    expect(() => dampedRates([0], 1, 0.1)).toThrow(RangeError);
    expect(() => dampedRates([], 1, 0.1)).toThrow(/no eigenvalues/);
  });

  it("damped KFAC: half the rate where the damping equals the eigenvalue", () => {
    expect(Array.from(dampedRates([1, 0.01], 0.01, 0.3))).toEqual([expect.closeTo(1 - 0.3 / 1.01, 14), expect.closeTo(0.85, 14)]);
  });
});

describe("angleStep", () => {
  it("is the population step of stylised KFAC, also far from G*", () => {
    const head = normal(dy, k, "head");
    const tangent = gemm(normal(k, d, "far tangent"), projector);
    const got = angleStep(tangent, covariance, basis, 0.3);
    const want = populationStep(tangent, head, 0.3, head, true);
    expect(norm(minus(got, want)) / norm(want)).toBeLessThan(1e-9);
  });

  it("refuses a tangent that is none and a bad step size", () => {
    expect(() => angleStep(basis, covariance, basis, 0.3)).toThrow(/tangent must be orthogonal/);
    expect(() => angleStep(Matrix.zeros(k, d), covariance, basis, Number.NaN)).toThrow(/eta/);
  });

  it("contracts small angles by 1 − η whatever S", () => {
    const tangent = gemm(normal(k, d, "tangent"), projector, { alpha: 1e-8 });
    expect(norm(angleStep(tangent, covariance, basis, 0.3)) / norm(tangent)).toBeCloseTo(0.7, 6);
  });
});

describe("kfacNoiseFloor", () => {
  it("is the stationary mean of G⁺Pp = (1−η)GPp + ηF⁺NŜ⁻¹Pp, simulated", () => {
    const [n, noise, eta] = [40, 0.5, 0.3];
    const head = normal(dy, k, "head");
    const pseudo = choleskySolve(cholesky(syrk(head.T)), transpose(head)); // k×dy
    const lower = cholesky(covariance);
    let state = Matrix.zeros(k, d);
    let total = 0;
    const [burn, steps] = [30, 4000];
    const draws = stream.child("floor");
    const [z, e] = [Matrix.zeros(n, d), Matrix.zeros(n, dy)];
    for (let step = 0; step < burn + steps; step++) {
      draws.normal(z);
      draws.normal(e);
      const x = gemm(z, lower.T);
      const right = choleskySolve(cholesky(syrk(x.T)), gemm(x.T, e)); // Ŝ⁻¹Nᵀ, d×dy
      const kick = gemm(gemm(pseudo, right.T), projector, { alpha: eta * noise });
      state = Matrix.from(state.toArrays().map((row, i) => row.map((v, j) => (1 - eta) * v + kick.get(i, j))));
      if (step >= burn) total += norm(state) ** 2 / steps;
    }
    const floor = kfacNoiseFloor({ head, covariance, basis, n, noise, eta });
    expect(Math.abs(total / floor - 1)).toBeLessThan(0.1);
  });

  it("is refused where the mean of Ŝ⁻¹ does not exist", () => {
    const head = normal(dy, k, "head");
    expect(() => kfacNoiseFloor({ head, covariance, basis, n: d + 1, noise: 1, eta: 0.3 })).toThrow(RangeError);
    expect(() => kfacNoiseFloor({ head, covariance, basis, n: 40, noise: 1, eta: 2 })).toThrow(RangeError);
    expect(() => kfacNoiseFloor({ head: Matrix.zeros(dy, k + 1), covariance, basis, n: 40, noise: 1, eta: 0.3 })).toThrow(RangeError);
  });
});
