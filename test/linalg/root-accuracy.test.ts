/** Inverse roots and polar factors over difficult matrices in both precisions, against plain loops; thresholds as LAPACK's. */
import { describe, expect, it } from "vitest";
import {
  inverseRoot,
  type Matrix,
  newtonSchulzQuintic,
  orthogonalize,
  polarExpressQuintics,
  type Real,
  type RootInfo,
  WarmRoot,
} from "../../lib/linalg/index.js";
import { distance, fromElements, hestenes, jacobi, size, spectral } from "../binding/plain.js";
import { dtypes, rectangularCases, rounded, symmetricCases, THRESHOLD, ulp } from "./families.js";
import { gaussian, orthogonality, product } from "./residuals.js";

type DType = (typeof dtypes)[number];

/** XXᵀ of graded, clustered, rank-deficient and badly scaled X, of largest element 1. */
function semidefinite(n: number, dtype: DType): [string, Matrix<Real>][] {
  return symmetricCases(n, dtype)
    .filter(([, x, scale]) => scale === 1 && x.data.some((value) => value !== 0))
    .map(([name, x]) => {
      const square = product(x, x, false, true);
      return [name, rounded(square, 1 / Math.max(...square.data.map(Math.abs)), dtype)];
    });
}

/** (A + c·λmax·I)^(−1/p) by Jacobi's rotations, and the condition of what is inverted. */
function exactRoot(a: Matrix<Real>, p: number, c: number) {
  const eigen = jacobi(fromElements(a.rows, a.rows, (i, j) => a.get(i, j)));
  const most = eigen.values.at(-1)!;
  const damped = eigen.values.map((x) => Math.max(x, 0) + c * most);
  return { root: spectral(eigen, (_, i) => damped[i]! ** (-1 / p)), condition: damped.at(-1)! / damped[0]! };
}

/** ‖X − X*‖/(‖X*‖·n·ε·κ/p): an error of nε‖A‖ in A is κnε/p in the root. */
const ratio = (x: Matrix<Real>, exact: ReturnType<typeof exactRoot>, p: number, dtype: DType) =>
  (p * distance(x, exact.root)) / (size(exact.root) * x.rows * ulp(dtype) * exact.condition);

describe.each(dtypes)("inverse roots, %s", (dtype) => {
  const dampings = dtype === "float64" ? [1e-2, 1e-8] : [1e-2, 1e-4];

  describe.each([1, 2, 3, 4, 8])("p = %i", (p) => {
    it.each([1, 5, 24])("order %i, by every method", (n) => {
      for (const [name, a] of semidefinite(n, dtype)) {
        for (const damping of dampings) {
          const exact = exactRoot(a, p, damping);
          for (const method of ["eigh", "coupled-newton", ...(p === 1 ? (["cholesky"] as const) : [])] as const) {
            // Products alone: for moderate conditions.
            if (method === "coupled-newton" && damping < 1e-2) continue;
            const info: Partial<RootInfo> = {};
            const x = inverseRoot(a, { p, damping, relativeTo: "max", method, info });
            expect(info.method).toBe(method);
            expect(ratio(x, exact, p, dtype), `${name}, ${method}, damping ${damping}`).toBeLessThan(THRESHOLD);
          }
        }
      }
    });
  });

  it.each([1, 2, 3, 4, 8])("warm, p = %i: within the tolerance over a drift", (p) => {
    const n = 20;
    for (const tolerance of dtype === "float64" ? [1e-3, 1e-7] : [1e-2, 1e-3]) {
      let updates = 0;
      for (const [name, base] of semidefinite(n, dtype)) {
        const damping = 1e-2;
        const root = new WarmRoot(n, { p, damping, relativeTo: "max", tolerance, method: "first-order", dtype });
        const change = gaussian(n, n, 7);
        const drift = product(change, change, false, true);
        for (let t = 0; t < 6; t++) {
          const step = (0.02 * tolerance * t) / n;
          const a = rounded(
            fromElements(n, n, (i, j) => base.get(i, j) + step * drift.get(i, j)),
            1,
            dtype,
          );
          const exact = exactRoot(a, p, damping);
          const error = distance(root.update(a as never), exact.root) / size(exact.root);
          const rounding = (THRESHOLD * n * ulp(dtype) * exact.condition) / p;
          // λmax is that of the old basis' diagonal.
          const first = root.info.method === "first-order";
          expect(error, `${name}, step ${t}, ${root.info.method}`).toBeLessThan(first ? tolerance + rounding : rounding);
          updates += Number(first);
        }
      }
      expect(updates).toBeGreaterThan(0);
    }
  });
});

describe.each(dtypes)("polar factors, %s", (dtype) => {
  it.each([
    [1, 1],
    [1, 9],
    [9, 1],
    [24, 24],
    [40, 20],
    [20, 40],
  ])("%i×%i", (m, n) => {
    for (const [name, a, scale] of rectangularCases(m, n, dtype)) {
      const unit = fromElements(m, n, (i, j) => a.get(i, j) / scale);
      const { u, s, v } = hestenes(unit);
      const k = s.length;
      const mapped = (f: (sigma: number) => number) => {
        const left = fromElements(m, k, (i, j) => u.get(i, j) * f(s[j]!));
        return product(
          left,
          fromElements(n, k, (i, j) => v.get(i, j)),
          false,
          true,
        );
      };
      const unitary = ulp(dtype) * Math.max(m, n) * THRESHOLD;

      // UVᵀ itself, in double precision; rounding decides about directions that are almost lost.
      const lost = Math.max(m, n) * 2 ** -52 * s[0]!;
      if (!s.some((x) => x > lost / 1e3 && x < lost * 1e3)) {
        const exact = orthogonalize(a, { method: "exact" });
        const wanted = mapped((sigma) => Number(sigma > lost));
        const condition = s[0]! / (s.findLast((x) => x > lost) ?? s[0]!) || 1;
        const allowed = 1e-10 + unitary * (dtype === "float64" ? condition : 1) + 2 ** -52 * condition * Math.max(m, n);
        expect(distance(exact, wanted), `${name}, exact`).toBeLessThan(allowed);
        if (s[k - 1]! > lost && m >= n) expect(orthogonality(exact) * ulp(dtype) * m, `${name}, QᵀQ`).toBeLessThan(10 * allowed);
      }

      // The iterations: their polynomials of the singular values; an error nε of A grows with the slope, or f(σ)/σ.
      const norm = size(unit) + 1e-7 / scale;
      for (const method of ["newton-schulz", "polar-express"] as const) {
        const express = method === "polar-express";
        const quintics = express ? polarExpressQuintics : newtonSchulzQuintic;
        let growth = 1;
        const f = (sigma: number) => {
          let y = sigma / (express ? 1.01 * (norm - 1e-7 / scale) + 1e-7 / scale : norm);
          let own = 1;
          for (let step = 0; step < 5; step++) {
            const [p, q, r] = quintics[Math.min(step, quintics.length - 1)]!;
            const t = express && step < quintics.length - 1 ? y / 1.01 : y;
            own *= Math.max(1, Math.abs(p + 3 * q * t ** 2 + 5 * r * t ** 4), Math.abs(p + q * t ** 2 + r * t ** 4));
            y = p * t + q * t ** 3 + r * t ** 5;
          }
          growth = Math.max(growth, own);
          return y;
        };
        const wanted = mapped(f);
        const got = orthogonalize(a, { method });
        expect(distance(got, wanted) / (Math.max(m, n) * ulp(dtype) * growth), `${name}, ${method}`).toBeLessThan(THRESHOLD);
      }
    }
  });
});
