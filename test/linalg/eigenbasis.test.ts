import { describe, expect, it } from "vitest";
import {
  eigenbasisRefresh,
  eigh,
  gemm,
  kroneckerFactorUpdate,
  Matrix,
  qr,
  type Real,
  transportSecondMoment,
} from "../../lib/linalg/index.js";
import { gaussian, orthogonality } from "./residuals.js";

const factorOf = (n: number, seed: number, dtype: "float64" | "float32" = "float64") =>
  kroneckerFactorUpdate(Matrix.zeros(n, n, dtype) as Matrix<Real>, gaussian(3 * n, n, seed, dtype), { scale: 1 / (3 * n) });

/** Square of the part of A outside the diagonal in the basis Q. */
function offDiagonal(a: Matrix, q: Matrix): number {
  const b = gemm(gemm(q.T, a), q);
  let sum = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.rows; j++) if (i !== j) sum += b.get(i, j) ** 2;
  return sum;
}

describe("eigenbasisRefresh", () => {
  for (const dtype of ["float64", "float32"] as const) {
    it(`is the QR factor of A·Q, with columns that keep their direction (${dtype})`, () => {
      const a = factorOf(9, 1, dtype);
      const q = qr(gaussian(9, 9, 2, dtype)).q;
      const wanted = qr(gemm(a, q)).q;
      const aq = gemm(a, q);
      eigenbasisRefresh(a, q, { sorted: false });
      const tolerance = dtype === "float64" ? 1e-12 : 1e-4;
      for (let j = 0; j < 9; j++) {
        let along = 0;
        let same = 0;
        for (let i = 0; i < 9; i++) {
          along += q.get(i, j) * aq.get(i, j);
          same += q.get(i, j) * wanted.get(i, j);
        }
        expect(along).toBeGreaterThan(0);
        expect(Math.abs(Math.abs(same) - 1)).toBeLessThan(tolerance);
      }
      expect(orthogonality(q)).toBeLessThan(30);
    });
  }

  /** Q D Qᵀ with Q orthogonal. */
  const withSpectrum = (n: number, seed: number, spectrum: (j: number) => number) => {
    const v = qr(gaussian(n, n, seed) as Matrix).q;
    const scaled = v.clone();
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) scaled.data[i * n + j]! *= spectrum(j);
    const a = gemm(scaled, v.T);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.set(i, j, a.get(j, i));
    return a;
  };
  const spectra: [string, (j: number) => number][] = [
    ["condition 1e2", (j) => 1e2 ** (-j / 39)],
    ["condition 1e8", (j) => 1e8 ** (-j / 39)],
    ["condition 1e14", (j) => 1e14 ** (-j / 39)],
    ["rank 10", (j) => (j < 10 ? 1 : 0)],
    ["one large", (j) => (j === 0 ? 1e6 : 1)],
    ["tiny", (j) => 1e-200 / (1 + j)],
    ["equal", () => 1],
  ];
  for (const [name, spectrum] of spectra) {
    it(`is Householder's QR of A·Q, and orthogonal, from a basis of anything: ${name}`, () => {
      const n = 40;
      const a = withSpectrum(n, 3, spectrum);
      const q = qr(gaussian(n, n, 4) as Matrix).q;
      for (let t = 0; t < 30; t++) {
        const { q: wanted, r } = qr(gemm(a, q));
        eigenbasisRefresh(a, q, { sorted: false });
        // LAPACK's own threshold for QR is 30·n·ε.
        expect(orthogonality(q)).toBeLessThan(30);
        // The columns are determined as far as R is well conditioned.
        let [least, most] = [Number.POSITIVE_INFINITY, 0];
        for (let j = 0; j < n; j++) {
          least = Math.min(least, Math.abs(r.get(j, j)));
          most = Math.max(most, Math.abs(r.get(j, j)));
        }
        if (least < 1e-6 * most) continue;
        let difference = 0;
        for (let j = 0; j < n; j++) {
          const sign = Math.sign(r.get(j, j));
          for (let i = 0; i < n; i++) difference = Math.max(difference, Math.abs(q.get(i, j) - sign * wanted.get(i, j)));
        }
        expect(difference).toBeLessThan(1e-7);
      }
    });
  }

  it("stays orthogonal along a moving average", () => {
    const n = 48;
    for (const dtype of ["float64", "float32"] as const) {
      const factor = factorOf(n, 6, dtype);
      const q = eigh(factor).vectors.clone();
      for (let t = 0; t < 300; t++) {
        kroneckerFactorUpdate(factor, gaussian(n >> 1, n, 10 + t, dtype), { beta: 0.95, scale: 2 / n });
        eigenbasisRefresh(factor, q);
        if (t % 20 === 19) expect(orthogonality(q)).toBeLessThan(30);
      }
    }
  });

  it("stays orthogonal over five thousand refreshes by statistics of low rank", () => {
    const [n, batch] = [16, 2];
    for (const dtype of ["float64", "float32"] as const) {
      const samples = gaussian(512, n, 8, dtype);
      for (const rank of [n, 5]) {
        const factor = Matrix.zeros(n, n, dtype) as Matrix<Real>;
        const q = eigh(factorOf(n, 6, dtype)).vectors.clone();
        const x = Matrix.zeros(batch, n, dtype) as Matrix<Real>;
        for (let t = 0; t < 5000; t++) {
          for (let i = 0; i < batch; i++) for (let j = 0; j < rank; j++) x.set(i, j, samples.get((37 * t + i) % 512, j));
          kroneckerFactorUpdate(factor, x, { beta: 0.9, scale: 0.5 });
          eigenbasisRefresh(factor, q);
          if (t % 250 === 249) expect(orthogonality(q), `${dtype} ${rank} ${t}`).toBeLessThan(30);
        }
      }
    }
  });

  it("converges to the eigenvectors, slot by slot, from any order of the columns", () => {
    const a = Matrix.zeros(6, 6);
    const v = qr(gaussian(6, 6, 5) as Matrix).q;
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 6; j++) for (let k = 0; k < 6; k++) a.data[6 * i + j]! += v.get(i, k) * v.get(j, k) * 3 ** k;
    const { vectors } = eigh(a);
    const order = [3, 0, 5, 1, 4, 2];
    const q = Matrix.zeros(6, 6);
    const noise = gaussian(6, 6, 7);
    for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) q.set(i, j, vectors.get(i, order[j]!) + 0.05 * noise.get(i, j));
    q.copy(qr(q).q);
    const before = offDiagonal(a, q);
    let values: Float64Array = new Float64Array(0);
    for (let k = 0; k < 30; k++) values = eigenbasisRefresh(a, q);
    expect(offDiagonal(a, q)).toBeLessThan(1e-20 * before);
    order.forEach((k, j) => {
      expect(values[j]).toBeCloseTo(3 ** k, 9);
    });
  });

  it("does not depend on the order of the columns", () => {
    const a = factorOf(7, 3) as Matrix;
    const q = qr(gaussian(7, 7, 4) as Matrix).q;
    const order = [4, 2, 6, 0, 5, 1, 3];
    const shuffled = Matrix.zeros(7, 7);
    for (let i = 0; i < 7; i++) for (let j = 0; j < 7; j++) shuffled.set(i, j, q.get(i, order[j]!));
    eigenbasisRefresh(a, q);
    eigenbasisRefresh(a, shuffled);
    for (let i = 0; i < 7; i++) for (let j = 0; j < 7; j++) expect(shuffled.get(i, j)).toBeCloseTo(q.get(i, order[j]!), 12);
  });

  it("refuses NaN, leaves the basis alone, and names shapes", () => {
    const a = Matrix.identity(3);
    a.set(0, 2, Number.NaN);
    const q = Matrix.identity(3);
    expect(() => eigenbasisRefresh(a, q)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
    expect(q.data).toEqual(Matrix.identity(3).data);
    expect(() => eigenbasisRefresh(Matrix.identity(3), Matrix.identity(4))).toThrow(/q must be 3×3/);
    expect(() => eigenbasisRefresh(Matrix.identity(3), q, { overlap: q })).toThrow(/share memory/);
  });
});

describe("transportSecondMoment", () => {
  it("is the diagonal of the rotated diagonal covariance, and keeps the sum", () => {
    const [m, n] = [4, 5];
    const v = Matrix.zeros(m, n);
    gaussian(m, n, 1).data.forEach((x, i) => {
      v.data[i] = x * x;
    });
    const sides = [m, n].map((d, k) => {
      const q = qr(gaussian(d, d, 20 + k) as Matrix).q;
      const old = q.clone();
      const overlap = Matrix.zeros(d, d);
      eigenbasisRefresh(factorOf(d, 30 + k) as Matrix, q, { overlap });
      return { overlap, rotation: gemm(old.T, q) };
    });
    const moved = transportSecondMoment(sides[0]!.overlap, v, sides[1]!.overlap);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let wanted = 0;
        for (let k = 0; k < m; k++)
          for (let l = 0; l < n; l++) wanted += (sides[0]!.rotation.get(k, i) * sides[1]!.rotation.get(l, j)) ** 2 * v.get(k, l);
        expect(moved.get(i, j)).toBeCloseTo(wanted, 12);
      }
    }
    const sum = (a: Matrix) => a.data.reduce((s, x) => s + x, 0);
    expect(sum(moved)).toBeCloseTo(sum(v), 12);
    expect(sum(transportSecondMoment(null, v, sides[1]!.overlap))).toBeCloseTo(sum(v), 12);
  });
});
