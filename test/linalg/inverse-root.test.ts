import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eigh, inverseRoot, inverseRoots, Matrix, type Real, type RootInfo } from "../../lib/linalg/index.js";

const golden = JSON.parse(readFileSync(new URL("../fixtures/steps.json", import.meta.url), "utf8")).deterministic;

/** Q·diag(spectrum)·Qᵀ with Q from a Householder product: a full symmetric matrix with known eigenvalues. */
export function withSpectrum(spectrum: readonly number[], seed: number, dtype: "float64" | "float32" = "float64"): Matrix<Real> {
  const n = spectrum.length;
  let state = seed * 2654435761 + 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const a = Matrix.diagonal(spectrum);
  for (let k = 0; k < 3; k++) {
    const v = Float64Array.from({ length: n }, random);
    const norm = v.reduce((s, x) => s + x * x, 0);
    for (const byRows of [true, false]) {
      for (let i = 0; i < n; i++) {
        let dot = 0;
        for (let j = 0; j < n; j++) dot += v[j]! * (byRows ? a.get(i, j) : a.get(j, i));
        for (let j = 0; j < n; j++) {
          if (byRows) a.set(i, j, a.get(i, j) - (2 * dot * v[j]!) / norm);
          else a.set(j, i, a.get(j, i) - (2 * dot * v[j]!) / norm);
        }
      }
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.set(j, i, a.get(i, j));
  return (Matrix.zeros(n, n, dtype) as Matrix<Real>).copy(a);
}

const logSpectrum = (n: number, condition: number) => Array.from({ length: n }, (_, i) => condition ** -(i / Math.max(1, n - 1)));

/** ‖A·Xᵖ − I‖_max in double precision. */
function residual(a: Matrix<Real>, x: Matrix<Real>, p: number): number {
  const n = a.rows;
  let y = a.toArrays();
  const X = x.toArrays();
  for (let k = 0; k < p; k++) y = y.map((row) => X[0]!.map((_, j) => row.reduce((s, v, i) => s + v * X[i]![j]!, 0)));
  let worst = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) worst = Math.max(worst, Math.abs(y[i]![j]! - (i === j ? 1 : 0)));
  return worst;
}

describe("inverseRoot", () => {
  for (const { name, A, p, damping, relative_to, out } of golden.inverse_root.cases) {
    it(`matches the golden root: ${name}, p = ${p}, damping ${damping} (${relative_to})`, () => {
      const root = inverseRoot(Matrix.from(A), { p, damping, relativeTo: relative_to });
      const scale = Math.max(...out.flat().map(Math.abs));
      root.toArrays().forEach((row, i) => {
        row.forEach((x, j) => {
          expect(Math.abs(x - out[i][j])).toBeLessThanOrEqual(1e-9 * scale);
        });
      });
    });
  }

  for (const [dtype, epsilon] of [
    ["float64", 2 ** -52],
    ["float32", 2 ** -23],
  ] as const) {
    for (const n of [1, 2, 17, 64, 100]) {
      for (const [p, method] of [
        [1, "cholesky"],
        [1, "eigh"],
        [2, "eigh"],
        [3, "eigh"],
        [4, "auto"],
      ] as const) {
        it(`has a small residual and is symmetric (${dtype}, n = ${n}, p = ${p}, ${method})`, () => {
          const condition = dtype === "float64" ? 1e6 : 1e2;
          const a = withSpectrum(logSpectrum(n, condition), 3, dtype);
          const x = inverseRoot(a, { p, method });
          expect(residual(a, x, p)).toBeLessThan(20 * n * epsilon * condition);
          for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(x.get(i, j)).toBe(x.get(j, i));
        });
      }
    }
  }

  it("reads views, writes in place, and reports the spectrum", () => {
    const a = withSpectrum([4, 1, 0.25], 1);
    const big = Matrix.zeros(6, 7);
    big.block(1, 2, 3, 3).copy(a);
    const view = big.block(1, 2, 3, 3);
    const info: Partial<RootInfo> = {};
    const wanted = inverseRoot(a, { p: 2, damping: 0.5, relativeTo: "max", info } as never);
    expect(inverseRoot(view, { p: 2, damping: 0.5, relativeTo: "max", out: view }).toArrays()).toEqual(wanted.toArrays());
    expect(info.lambdaMin).toBeCloseTo(0.25, 12);
    expect(info.lambdaMax).toBeCloseTo(4, 12);
    expect(info.damping).toBeCloseTo(2, 12);
    expect(info.method).toBe("eigh");
    expect(eigh(wanted as Matrix).values[0]).toBeCloseTo(6 ** -0.5, 12);
  });

  it("takes Cholesky for p = 1 and agrees with eigh", () => {
    const a = withSpectrum(logSpectrum(40, 100), 9);
    const info: Partial<RootInfo> = {};
    const fast = inverseRoot(a, { p: 1, damping: 0.1, relativeTo: "trace", info });
    expect(info.method).toBe("cholesky");
    const exact = inverseRoot(a, { p: 1, damping: 0.1, relativeTo: "trace", method: "eigh" });
    fast.data.forEach((x, i) => {
      expect(x).toBeCloseTo(exact.data[i]!, 11);
    });
  });

  it("refuses, floors or leaves out eigenvalues that are too small", () => {
    const a = withSpectrum([9, 4, 0, -1e-3], 2);
    for (const p of [1, 2]) {
      expect(() => inverseRoot(a, { p })).toThrow(expect.objectContaining({ code: "ERR_NOT_POSITIVE_DEFINITE" }));
    }
    expect(() => inverseRoot(a, { p: 4 })).toThrow(/smallest eigenvalue is -0\.00/);
    const pinv = eigh(inverseRoot(a, { p: 2, small: "pseudo-inverse", threshold: 1e-3 }) as Matrix).values;
    [0, 0, 1 / 3, 1 / 2].forEach((x, i) => {
      expect(pinv[i]).toBeCloseTo(x, 12);
    });
    const floored = eigh(inverseRoot(a, { p: 2, small: "floor", threshold: 1e-2 }) as Matrix).values;
    [1 / 3, 1 / 2, 1 / 0.3, 1 / 0.3].forEach((x, i) => {
      expect(floored[i]).toBeCloseTo(x, 12);
    });
    expect(inverseRoot(Matrix.zeros(3, 3), { p: 2, small: "pseudo-inverse" }).toArrays()).toEqual(Matrix.zeros(3, 3).toArrays());
    expect(() => inverseRoot(Matrix.zeros(3, 3), { p: 2, small: "floor" })).toThrow(
      expect.objectContaining({ code: "ERR_NOT_POSITIVE_DEFINITE" }),
    );
  });

  it("refuses NaN and infinities and leaves out untouched", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const p of [1, 2]) {
        const a = Matrix.identity(4);
        a.set(3, 1, bad);
        const out = Matrix.zeros(4, 4).fill(7);
        expect(() => inverseRoot(a, { p, out })).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
        expect(out.data.every((x) => x === 7)).toBe(true);
      }
    }
  });

  it("names the argument that is wrong", () => {
    expect(() => inverseRoot(Matrix.zeros(3, 2), { p: 2 })).toThrow(/must be square/);
    expect(() => inverseRoot(Matrix.identity(2), { p: 0 })).toThrow(/p must be/);
    expect(() => inverseRoot(Matrix.identity(2), { p: 2.5 })).toThrow(RangeError);
    expect(() => inverseRoot(Matrix.identity(2), { p: 2, damping: -1 })).toThrow(/damping/);
    expect(() => inverseRoot(Matrix.identity(2), { p: 2, method: "cholesky" })).toThrow(/method/);
    expect(() => inverseRoot(Matrix.identity(2), { p: 2, out: Matrix.zeros(2, 2, "float32") as never })).toThrow(TypeError);
    const a = Matrix.zeros(4, 3);
    expect(() => inverseRoot(a.block(0, 0, 3, 3), { p: 2, out: a.block(1, 0, 3, 3) })).toThrow(/share memory/);
  });

  it("takes any positive integer p: X → I as p grows, and (I − X)·p → log A", () => {
    const lambda = [1e-6, 0.5, 3, 1e4];
    for (const p of [1025, 1_000_003, 2 ** 31 - 1]) {
      const x = inverseRoot(Matrix.diagonal(lambda), { p });
      lambda.forEach((value, i) => {
        expect(x.get(i, i)).toBeCloseTo(Math.exp(-Math.log(value) / p), 14);
        if (p > 1e6) expect(Math.abs((1 - x.get(i, i)) * p - Math.log(value))).toBeLessThan(p * 3e-16 + 100 / p);
      });
    }
    for (const p of [0, -1, 1.5, 2 ** 31]) expect(() => inverseRoot(Matrix.diagonal(lambda), { p })).toThrow(/p/);
  });

  it("keeps its accuracy over the range of the exponent", () => {
    for (const scale of [1e-300, 1e-150, 1e150, 1e300]) {
      const a = withSpectrum(
        [3, 2, 1].map((x) => x * scale),
        5,
      );
      for (const p of [1, 2, 4]) {
        const values = eigh(inverseRoot(a, { p }) as Matrix).values;
        [3, 2, 1].forEach((x, i) => {
          expect(values[i]! / (x * scale) ** (-1 / p)).toBeCloseTo(1, 11);
        });
      }
    }
  });
});

describe("coupled Newton", () => {
  for (const [dtype, tolerance] of [
    ["float64", 1e-9],
    ["float32", 1e-3],
  ] as const) {
    for (const p of [1, 2, 3, 4, 8]) {
      for (const n of [1, 2, 20, 50]) {
        it(`agrees with eigh (${dtype}, p = ${p}, n = ${n})`, () => {
          const a = withSpectrum(logSpectrum(n, 100), 4, dtype);
          const info: Partial<RootInfo> = {};
          const got = inverseRoot(a, { p, damping: 1e-3, relativeTo: "max", method: "coupled-newton", info });
          const wanted = inverseRoot((Matrix.zeros(n, n) as Matrix<Real>).copy(a), { p, damping: 1e-3, relativeTo: "max", method: "eigh" });
          const scale = Math.max(...wanted.data.map(Math.abs));
          expect(Math.max(...got.data.map((x, i) => Math.abs(x - wanted.data[i]!))) / scale).toBeLessThan(tolerance);
          expect(info.method).toBe("coupled-newton");
          expect(info.residual).toBeLessThan(tolerance);
          expect(info.iterations).toBeLessThan(30);
        });
      }
    }
  }

  it("refuses a root whose true residual is large, where its own test would pass", () => {
    // Single precision at condition 1e8: the coupled sequences drift apart.
    const a = withSpectrum(logSpectrum(40, 1e8), 2, "float32");
    const out = Matrix.zeros(40, 40, "float32").fill(3);
    expect(() => inverseRoot(a as Matrix<Float32Array>, { p: 2, method: "coupled-newton", out })).toThrow(
      expect.objectContaining({ code: "ERR_NO_CONVERGENCE" }),
    );
    expect(out.data.every((x) => x === 3)).toBe(true);
    for (const bad of [withSpectrum([2, 1, -1], 3), withSpectrum([2, 1, 0], 3), Matrix.zeros(3, 3)]) {
      expect(() => inverseRoot(bad, { p: 2, method: "coupled-newton" })).toThrow(expect.objectContaining({ code: "ERR_NO_CONVERGENCE" }));
    }
  });
});

describe("inverseRoots", () => {
  it("is inverseRoot of every block, in place or not", () => {
    const blocks = [1, 2, 3].map((seed) => withSpectrum(logSpectrum(5, 50), seed));
    const stack = Matrix.zeros(15, 5);
    blocks.forEach((b, i) => {
      stack.block(5 * i, 0, 5, 5).copy(b);
    });
    for (const p of [1, 4]) {
      const info: RootInfo[] = [];
      const roots = inverseRoots(stack, { p, damping: 0.1, relativeTo: "trace", info });
      blocks.forEach((b, i) => {
        expect(roots.block(5 * i, 0, 5, 5).toArrays()).toEqual(inverseRoot(b, { p, damping: 0.1, relativeTo: "trace" }).toArrays());
      });
      expect(info.map((x) => x.method)).toEqual(p === 1 ? ["cholesky", "cholesky", "cholesky"] : ["eigh", "eigh", "eigh"]);
      const copy = stack.clone();
      expect(inverseRoots(copy, { p, damping: 0.1, relativeTo: "trace", out: copy }).data).toEqual(roots.data);
    }
  });

  it("names the matrix that fails", () => {
    const stack = Matrix.zeros(6, 3);
    stack.block(0, 0, 3, 3).copy(Matrix.identity(3));
    expect(() => inverseRoots(stack, { p: 2 })).toThrow(/matrix 1 of 2: a is not positive definite/);
    expect(() => inverseRoots(Matrix.zeros(5, 3), { p: 2 })).toThrow(/must stack 3×3/);
    expect(() => inverseRoots(Matrix.zeros(6, 4).block(0, 0, 6, 3), { p: 2 })).toThrow(/contiguous/);
    expect(inverseRoots(Matrix.zeros(0, 3), { p: 2 }).rows).toBe(0);
  });
});
