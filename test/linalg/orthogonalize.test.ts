import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  gemm,
  Matrix,
  newtonSchulzQuintic,
  orthogonalize,
  orthogonalizeStack,
  polarExpressQuintics,
  type Real,
  svd,
} from "../../lib/linalg/index.js";
import { sample } from "./sample.js";

const golden = JSON.parse(readFileSync(new URL("../fixtures/steps.json", import.meta.url), "utf8")).deterministic;
const none = new Float64Array(0);

/** U·diag(f(σ))·Vᵀ. */
function mapped(a: Matrix, f: (sigma: number) => number): number[][] {
  const { u, s, vt } = svd(a);
  u.toArrays().forEach((row, i) => {
    u.rowArray(i).set(row.map((x, k) => x * f(s[k]!)));
  });
  return gemm(u, vt).toArrays();
}

function expectClose(got: Matrix<Real>, wanted: number[][], tolerance: number) {
  const error = Math.max(0, ...got.toArrays().flatMap((row, i) => row.map((x, j) => Math.abs(x - wanted[i]![j]!))));
  expect(error).toBeLessThanOrEqual(tolerance);
}

const shapes = [
  [1, 1],
  [1, 9],
  [9, 1],
  [6, 6],
  [5, 12],
  [12, 5],
  [100, 100],
  [96, 130],
] as const;

describe("orthogonalize", () => {
  for (const { name, g, newton_schulz5, exact_polar } of golden.muon_step.cases) {
    it(`matches the golden polar factors: ${name}`, () => {
      expectClose(orthogonalize(Matrix.from(g)), newton_schulz5, 1e-9);
      expectClose(orthogonalize(Matrix.from(g), { method: "exact" }), exact_polar, 1e-9);
    });
  }

  for (const [m, n] of shapes) {
    it(`"exact" is UVᵀ (${m}×${n})`, () => {
      const a = sample(m, n, 3, none);
      const wanted = mapped(a, () => 1);
      expectClose(orthogonalize(a, { method: "exact" }), wanted, 1e-10);
      const single = (Matrix.zeros(m, n, "float32") as Matrix<Real>).copy(a) as Matrix<Float32Array>;
      const widened = Matrix.zeros(m, n).copy(single);
      expectClose(
        orthogonalize(single, { method: "exact" }),
        mapped(widened, () => 1),
        1e-6,
      );
    });

    it(`the iterations are their polynomials on the singular values (${m}×${n})`, () => {
      const a = sample(m, n, 4, none);
      const norm = Math.hypot(...a.data) + 1e-7;
      const ns = (x: number) => {
        const [p, q, r] = newtonSchulzQuintic[0]!;
        for (let i = 0, y = x / norm; ; i++, y = p * y + q * y ** 3 + r * y ** 5) if (i === 5) return y;
      };
      expectClose(orthogonalize(a), mapped(a, ns), 1e-11);
      const express = (x: number) => {
        let y = x / (1.01 * (norm - 1e-7) + 1e-7);
        for (let i = 0; i < 9; i++) {
          const [p, q, r] = polarExpressQuintics[Math.min(i, 7)]!;
          const t = i < 7 ? y / 1.01 : y;
          y = p * t + q * t ** 3 + r * t ** 5;
        }
        return y;
      };
      expectClose(orthogonalize(a, { method: "polar-express", steps: 9 }), mapped(a, express), 1e-11);
    });
  }

  it("Polar Express brings every σ ≥ 1e-3 to 1", () => {
    const sigma = Array.from({ length: 60 }, (_, i) => 10 ** (-3 * (i / 59)));
    const norm = Math.hypot(...sigma);
    // Frobenius normalisation: the smallest one enters at 1e-3/norm, below the design interval; nine steps make up for it.
    const a = Matrix.diagonal(sigma);
    const x = orthogonalize(a, { method: "polar-express", steps: 10 });
    sigma.forEach((s, i) => {
      if (s / norm > 1e-3) expect(x.get(i, i)).toBeCloseTo(1, 6);
    });
    const five = orthogonalize(Matrix.diagonal([1, 0.1, 0.01, 0.002]), { method: "polar-express" });
    for (let i = 0; i < 4; i++) expect(Math.abs(five.get(i, i) - 1)).toBeLessThan(0.15);
  });

  it("leaves out the null space, and 0 stays 0", () => {
    const rankOne = Matrix.from([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    const u = orthogonalize(rankOne, { method: "exact" });
    const scale = 1 / Math.sqrt(14 * 5);
    expectClose(
      u,
      rankOne.toArrays().map((row) => row.map((x) => x * scale)),
      1e-14,
    );
    for (const method of ["exact", "newton-schulz", "polar-express"] as const) {
      expect([...orthogonalize(Matrix.zeros(3, 4), { method }).data].every((x) => x === 0)).toBe(true);
      expect(orthogonalize(Matrix.zeros(0, 4), { method }).data.length).toBe(0);
      // Of subnormal entries, whose reciprocals overflow.
      expect(
        [
          ...orthogonalize(
            Matrix.from([
              [5e-324, 0],
              [0, -1e-320],
            ]),
            { method },
          ).data,
        ].every(Number.isFinite),
      ).toBe(true);
    }
  });

  it("is accurate for ill-conditioned matrices and does not depend on scale", () => {
    const { u, vt } = svd(sample(7, 7, 8, none));
    for (const condition of [1e2, 1e4, 1e8]) {
      const sigma = Array.from({ length: 7 }, (_, i) => condition ** (-i / 6));
      const build = (s: (i: number) => number) =>
        Matrix.from(
          Array.from({ length: 7 }, (_, i) =>
            Array.from({ length: 7 }, (_, j) => sigma.reduce((t, _, k) => t + u.get(i, k) * s(k) * vt.get(k, j), 0)),
          ),
        );
      expectClose(
        orthogonalize(
          build((k) => sigma[k]!),
          { method: "exact" },
        ),
        build(() => 1).toArrays(),
        Math.max(1e-10, 20 * 2 ** -52 * condition),
      );
    }
    const a = sample(6, 9, 2, none);
    const exact = orthogonalize(a, { method: "exact" });
    for (const c of [2 ** -1000, 2 ** 1000]) {
      const scaled = a.clone();
      scaled.data.forEach((x, i) => {
        scaled.data[i] = x * c;
      });
      expect(orthogonalize(scaled, { method: "exact" }).data).toEqual(exact.data);
    }
  });

  it("works in place and refuses bad input", () => {
    const a = sample(4, 6, 1, none);
    for (const method of ["exact", "newton-schulz"] as const) {
      const b = a.clone();
      expect(orthogonalize(b, { method, out: b }).data).toEqual(orthogonalize(a, { method }).data);
      const bad = a.clone();
      bad.set(1, 1, Number.NaN);
      expect(() => orthogonalize(bad, { method })).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
    }
    expect(() => orthogonalize(a, { method: "svd" as never })).toThrow(/method must be one of/);
    expect(() => orthogonalize(a, { steps: -1 })).toThrow(/steps/);
    expect(() => orthogonalize(a, { out: Matrix.zeros(4, 5) })).toThrow(/out must be 4×6/);
  });
});

describe("orthogonalizeStack", () => {
  for (const [rows, cols] of [
    [3, 5],
    [5, 3],
    [4, 4],
  ] as const)
    it(`is orthogonalize of every block, in place or not (${rows}×${cols})`, () => {
      const stack = sample(4 * rows, cols, 3, none);
      stack.block(rows, 0, rows, cols).fill(0);
      for (const method of ["newton-schulz", "polar-express", "exact"] as const) {
        const out = orthogonalizeStack(stack, rows, { method });
        for (let i = 0; i < 4; i++) {
          const alone = orthogonalize(stack.block(i * rows, 0, rows, cols), { method });
          expect(out.block(i * rows, 0, rows, cols).toArrays()).toEqual(alone.toArrays());
        }
        const copy = stack.clone();
        expect(orthogonalizeStack(copy, rows, { method, out: copy }).data).toEqual(out.data);
      }
    });

  it("names the matrix that fails, and refuses what is not a stack", () => {
    const stack = sample(6, 3, 1, none);
    stack.set(3, 1, Number.NaN);
    for (const method of ["newton-schulz", "exact"] as const)
      expect(() => orthogonalizeStack(stack, 2, { method })).toThrow(/matrix 1 of 3: a must be finite/);
    for (const rows of [0, 4, 1.5]) expect(() => orthogonalizeStack(stack, rows)).toThrow(RangeError);
    expect(() => orthogonalizeStack(Matrix.zeros(6, 4).block(0, 0, 6, 3), 2)).toThrow(/contiguous/);
    expect(orthogonalizeStack(Matrix.zeros(0, 3), 2).rows).toBe(0);
    expect(orthogonalizeStack(Matrix.zeros(4, 0), 2).cols).toBe(0);
  });
});
