import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { allocate, type DType, Matrix, type Operand, type Real, Transposed } from "../../lib/linalg/matrix.js";
import { gemm, gemv, symm, syr2k, syrk, trmm, trsm } from "../../lib/linalg/products.js";
import { instructionSets, widest } from "../instruction-sets.js";
import { gaussian, product, relative, transpose } from "./residuals.js";

afterEach(widest);

const THRESHOLD = 10;
const precisions: DType[] = ["float64", "float32"];
const sizes = [
  [1, 1, 1],
  [1, 7, 3],
  [5, 1, 4],
  [4, 4, 4],
  [13, 8, 17],
  [33, 65, 40],
];

/** A rows×cols view in the middle of a larger array whose other elements are NaN: reading one shows. */
function embedded(rows: number, cols: number, seed: number, dtype: DType): Matrix<Real> {
  const stride = cols + 3;
  const data = allocate(rows * stride + 7, dtype);
  data.fill(Number.NaN);
  return new Matrix(data, rows, cols, stride, 5).copy(gaussian(rows, cols, seed, dtype));
}
/** op(A) of the wanted shape, and the same by value. */
function operand(rows: number, cols: number, trans: boolean, seed: number, dtype: DType): [Operand<Real>, Matrix<Real>] {
  const a = trans ? embedded(cols, rows, seed, dtype) : embedded(rows, cols, seed, dtype);
  return trans ? [a.T, transpose(a)] : [a, a];
}
function combine(alpha: number, x: Matrix<Real>, beta: number, y: Matrix<Real>): Matrix {
  const out = Matrix.zeros(x.rows, x.cols);
  for (let i = 0; i < x.rows; i++) for (let j = 0; j < x.cols; j++) out.set(i, j, alpha * x.get(i, j) + (beta ? beta * y.get(i, j) : 0));
  return out;
}
function surroundings(a: Matrix<Real>): number {
  let numbers = 0;
  for (const x of a.data) if (!Number.isNaN(x)) numbers++;
  return numbers;
}
function lowerTriangle(a: Matrix<Real>, unit: boolean): Matrix {
  const out = Matrix.zeros(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j <= i; j++) out.set(i, j, unit && i === j ? 1 : a.get(i, j));
  return out;
}
const symmetric = (a: Matrix<Real>) => {
  const out = Matrix.zeros(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(i, j, i >= j ? a.get(i, j) : a.get(j, i));
  return out;
};

describe.each(precisions)("products in %s", (dtype) => {
  it("gemm agrees with loops for every transposition, on strided views", () => {
    for (const [m, n, k] of sizes) {
      for (const [ta, tb] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ]) {
        const [a, av] = operand(m, k, ta, 1, dtype);
        const [b, bv] = operand(k, n, tb, 2, dtype);
        const out = embedded(m, n, 3, dtype);
        const expected = combine(1.5, product(av, bv), -0.5, out);
        expect(gemm(a, b, { out, alpha: 1.5, beta: -0.5 })).toBe(out);
        expect(relative(expected, out, out)).toBeLessThan(THRESHOLD);
        expect(surroundings(out)).toBe(m * n);
        expect(relative(product(av, bv), gemm(a, b), out)).toBeLessThan(THRESHOLD);
      }
    }
  });

  it.each(instructionSets)("gemm agrees with loops at every size of the small kernels: %s", (which) => {
    binding.instructions(which);
    for (let size = 1; size <= 33; size++) {
      for (const [rows, cols] of [
        [size, 34 - size],
        [34 - size, size],
        [size, size],
      ] as const) {
        const k = 1 + (size % 9);
        const [a, a0] = operand(rows, k, size % 2 === 0, size, dtype);
        const [b, b0] = operand(k, cols, size % 3 === 0, size + 50, dtype);
        const [c, fresh] = [embedded(rows, cols, size + 99, dtype), embedded(rows, cols, 0, dtype).fill(Number.NaN)];
        const start = c.clone();
        gemm(a, b, { out: c, alpha: 0.75, beta: -1.5 });
        gemm(a, b, { out: fresh });
        expect(relative(combine(0.75, product(a0, b0), -1.5, start), c, c)).toBeLessThan(THRESHOLD);
        expect(relative(product(a0, b0), fresh, c)).toBeLessThan(THRESHOLD);
        for (const out of [c, fresh]) expect(surroundings(out)).toBe(rows * cols);
      }
    }
  });

  // Blocks of 192 (384) rows and 240 (480) columns of B, 256 rows of A; 512 elements and more between rows are whole pages.
  it.each(instructionSets)("products agree with loops across the borders of blocks: %s", (which) => {
    binding.instructions(which);
    const shapes = [
      [270, 30, 200],
      [70, 510, 20],
      [65, 17, 401],
      [3, 1000, 390],
      [130, 1030, 9],
    ] as const;
    for (const [index, [m, n, k]] of shapes.entries()) {
      const [a, a0] = operand(m, k, index % 2 === 0, index, dtype);
      const stride = index === 4 ? 2048 : index === 1 ? 512 : n;
      const b = new Matrix(allocate(k * stride, dtype), k, n, stride).copy(gaussian(k, n, index + 9, dtype));
      const c = embedded(m, n, index + 20, dtype);
      const expected = combine(0.5, product(a0, b), 2, c);
      gemm(a, b, { out: c, alpha: 0.5, beta: 2 });
      expect(relative(expected, c, c)).toBeLessThan(THRESHOLD);
      expect(surroundings(c)).toBe(m * n);
      const bt = transpose(b);
      expect(relative(product(a0, b), gemm(a, bt.T), c)).toBeLessThan(THRESHOLD);
    }
    for (const [n, k] of [
      [33, 200],
      [300, 21],
      [257, 390],
    ] as const) {
      for (const trans of [false, true]) {
        const [[a, a0], [b, b0]] = [operand(n, k, trans, n, dtype), operand(n, k, trans, n + 1, dtype)];
        const c = embedded(n, n, k, dtype);
        const expected = combine(0.5, product(a0, transpose(a0)), 2, symmetric(c));
        expect(relative(expected, syrk(a, { out: c, alpha: 0.5, beta: 2 }), c)).toBeLessThan(THRESHOLD);
        expect(surroundings(c)).toBe(n * n);
        const cross = product(a0, transpose(b0));
        expect(relative(combine(1, cross, 1, transpose(cross)), syr2k(a, b), c)).toBeLessThan(THRESHOLD);
      }
    }
    const a = embedded(260, 260, 1, dtype);
    const b = embedded(260, 20, 2, dtype);
    expect(relative(product(symmetric(a), b), symm(a, b), b)).toBeLessThan(THRESHOLD);
  });

  it("gemm does not read out when beta is 0", () => {
    const out = new Matrix(allocate(4, dtype), 2, 2).fill(Number.NaN);
    expect(gemm(gaussian(2, 3, 1, dtype), gaussian(3, 2, 2, dtype), { out }).data.every(Number.isFinite)).toBe(true);
  });

  it("empty inner dimension: a product of zeros", () => {
    const out = new Matrix(allocate(4, dtype), 2, 2).fill(3);
    gemm(new Matrix(allocate(0, dtype), 2, 0), new Matrix(allocate(0, dtype), 0, 2), { out, beta: 2 });
    expect(Array.from(out.data)).toEqual([6, 6, 6, 6]);
    expect(gemv(new Matrix(allocate(0, dtype), 2, 0), allocate(0, dtype)).every((x) => x === 0)).toBe(true);
  });

  it("gemv agrees with gemm", () => {
    for (const [m, , k] of sizes) {
      for (const trans of [false, true]) {
        const [a, av] = operand(m, k, trans, 4, dtype);
        const x = gaussian(k, 1, 5, dtype);
        const out = gaussian(m, 1, 6, dtype);
        const expected = combine(2, product(av, x), 0.5, out);
        gemv(a, x.data, { out: out.data, alpha: 2, beta: 0.5 });
        expect(relative(expected, out, out)).toBeLessThan(THRESHOLD);
      }
    }
  });

  it("syrk and syr2k fill both triangles, reading the lower one", () => {
    for (const [n, , k] of sizes) {
      for (const trans of [false, true]) {
        const [a, av] = operand(n, k, trans, 7, dtype);
        const [b, bv] = operand(n, k, trans, 8, dtype);
        const start = embedded(n, n, 9, dtype);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) start.set(i, j, Number.NaN);
        const s = symmetric(start);
        const out = embedded(n, n, 9, dtype).copy(start);
        syrk(a, { out, alpha: 2, beta: 0.25 });
        expect(relative(combine(2, product(av, av, false, true), 0.25, s), out, out)).toBeLessThan(THRESHOLD);
        out.copy(start);
        syr2k(a, b, { out, alpha: -1, beta: 0.25 });
        const cross = product(av, bv, false, true);
        expect(relative(combine(1, combine(-1, cross, -1, transpose(cross)), 0.25, s), out, out)).toBeLessThan(THRESHOLD);
        for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(out.get(i, j)).toBe(out.get(j, i));
      }
    }
  });

  it("symm reads one triangle, on either side", () => {
    for (const [m, n] of sizes) {
      const b = embedded(m, n, 10, dtype);
      for (const side of ["left", "right"] as const) {
        for (const uplo of ["lower", "upper"] as const) {
          const order = side === "left" ? m : n;
          const a = embedded(order, order, 11, dtype);
          const s = symmetric(uplo === "lower" ? a : transpose(a));
          for (let i = 0; i < order; i++) for (let j = 0; j < order; j++) if (uplo === "lower" ? j > i : j < i) a.set(i, j, Number.NaN);
          const expected = side === "left" ? product(s, b) : product(b, s);
          expect(relative(expected, symm(a, b, { side, uplo }), b)).toBeLessThan(THRESHOLD);
        }
      }
    }
  });

  it("trmm multiplies by the triangle, trsm undoes it", () => {
    for (const [m, n] of sizes) {
      const b = embedded(m, n, 12, dtype);
      for (const side of ["left", "right"] as const) {
        for (const trans of [false, true]) {
          for (const unit of [false, true]) {
            const order = side === "left" ? m : n;
            const a = embedded(order, order, 13, dtype);
            // A small strict triangle keeps a unit triangular matrix well conditioned.
            for (let i = 0; i < order; i++)
              for (let j = 0; j < order; j++) a.set(i, j, i === j ? 2 : i > j ? a.get(i, j) / order : Number.NaN);
            const l = lowerTriangle(a, unit);
            const op = trans ? transpose(l) : l;
            const expected = side === "left" ? product(op, b) : product(b, op);
            const x = trmm(trans ? a.T : a, b, { side, unit });
            expect(relative(expected, x, b)).toBeLessThan(THRESHOLD);
            expect(trsm(trans ? a.T : a, x, { side, unit, out: x })).toBe(x);
            expect(relative(b, x, b)).toBeLessThan(3 * THRESHOLD);
          }
        }
      }
    }
  });

  it.each(instructionSets)("trsm undoes trmm across the borders of halves and vectors: %s", (which) => {
    binding.instructions(which);
    for (const [order, others] of [
      [32, 5],
      [33, 70],
      [75, 64],
      [150, 139],
      [265, 9],
    ] as const) {
      const a = embedded(order, order, order, dtype);
      for (let i = 0; i < order; i++) for (let j = 0; j < order; j++) a.set(i, j, i === j ? 2 + (i % 3) : a.get(i, j) / order);
      for (const side of ["left", "right"] as const) {
        for (const uplo of ["lower", "upper"] as const) {
          for (const unit of [false, true]) {
            for (const of of [a, a.T]) {
              const b = side === "left" ? embedded(order, others, 3, dtype) : embedded(others, order, 3, dtype);
              const x = trmm(of, b, { side, uplo, unit, alpha: 0.5 });
              const back = embedded(b.rows, b.cols, 4, dtype).copy(x);
              trsm(of, back, { side, uplo, unit, alpha: 2, out: back });
              expect(relative(b, back, b)).toBeLessThan(THRESHOLD);
              expect(surroundings(back)).toBe(b.rows * b.cols);
            }
          }
        }
      }
    }
  });

  it.each(instructionSets.filter((which) => which !== "portable"))("trsm divides by numbers that have no reciprocal: %s", (which) => {
    binding.instructions(which);
    const tiny = dtype === "float64" ? 2 ** -1060 : 2 ** -140;
    const a = new Matrix(allocate(4, dtype), 2, 2);
    a.data.set([tiny, 0, 0, 2]);
    const b = new Matrix(allocate(18, dtype), 2, 9).fill(tiny * 4);
    const expected = Array.from(b.data, (x, i) => (i < 9 ? 4 : x / 2));
    expect(Array.from(trsm(a, b).data)).toEqual(expected);
    const rows = new Matrix(allocate(18, dtype), 9, 2).fill(tiny * 4);
    expect(trsm(a, rows, { side: "right" }).toArrays()[8]).toEqual([4, (tiny * 4) / 2]);
  });

  it("solves an upper triangle too", () => {
    const u = new Matrix(allocate(4, dtype), 2, 2);
    u.data.set([2, 1, Number.NaN, 4]);
    const b = new Matrix(allocate(2, dtype), 2, 1);
    b.data.set([5, 4]);
    expect(Array.from(trsm(u, b, { uplo: "upper" }).data)).toEqual([2, 1]);
  });
});

describe("what products refuse", () => {
  const d = (rows: number, cols: number) => Matrix.zeros(rows, cols);
  const s = (rows: number, cols: number) => Matrix.zeros(rows, cols, "float32");
  it("mixed precisions", () => {
    // @ts-expect-error: precisions differ
    expect(() => gemm(d(2, 2), s(2, 2))).toThrow(TypeError);
    // @ts-expect-error: precisions differ
    expect(() => gemm(s(2, 2), s(2, 2), { out: d(2, 2) })).toThrow(TypeError);
    // @ts-expect-error: precisions differ
    expect(() => trsm(d(2, 2), s(2, 2))).toThrow(TypeError);
    // @ts-expect-error: precisions differ
    expect(() => gemv(d(2, 2), new Float32Array(2))).toThrow(TypeError);
  });

  it("shapes that do not fit", () => {
    expect(() => gemm(d(2, 3), d(2, 3))).toThrow("gemm: a is 2×3 and b 2×3: the inner dimensions differ");
    expect(() => gemm(d(2, 3), d(3, 2), { out: d(2, 3) })).toThrow(RangeError);
    expect(() => syrk(d(2, 3), { out: d(3, 3) })).toThrow(RangeError);
    expect(() => symm(d(2, 3), d(3, 2))).toThrow(RangeError);
    expect(() => trsm(d(2, 2), d(3, 2))).toThrow("on the left of b (3×2)");
    expect(() => gemv(d(2, 3), new Float64Array(2))).toThrow("gemv: x must have length 3, got 2");
    expect(() => syr2k(d(2, 3), d(2, 3).T)).toThrow(TypeError);
  });

  it("an output on top of an input, but not beside it in one array", () => {
    const a = d(4, 4);
    expect(() => gemm(a, d(4, 4), { out: a })).toThrow("c must not share memory with a");
    expect(() => gemm(a.block(0, 0, 2, 2), a.block(0, 0, 2, 2), { out: a.block(1, 1, 2, 2) })).toThrow(RangeError);
    gemm(a.block(0, 0, 2, 2), a.block(0, 0, 2, 2), { out: a.block(0, 2, 2, 2) });
    expect(() => trmm(a, a, { out: a })).toThrow(RangeError);
  });

  it("beta without out, and unknown words", () => {
    expect(() => gemm(d(2, 2), d(2, 2), { beta: 1 })).toThrow("gemm: beta needs out");
    expect(() => symm(d(2, 2), d(2, 2), { side: "top" as "left" })).toThrow('side must be "left" or "right", got top');
    expect(() => trsm(d(2, 2), d(2, 2), { uplo: "L" as "lower" })).toThrow('uplo must be "lower" or "upper", got L');
  });

  it("a transposed view of a transposed view is the matrix", () => {
    const a = d(2, 3);
    expect(a.T).toBeInstanceOf(Transposed);
    expect(a.T.T).toBe(a);
  });
});
