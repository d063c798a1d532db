import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { eigh, eighRange, eigvalsh, Matrix, type Real } from "../../lib/linalg/index.js";
import { allocate } from "../../lib/linalg/matrix.js";
import { instructionSets, widest } from "../instruction-sets.js";
import { epsilon, gaussian, orthogonality, product, relative, scaleColumns } from "./residuals.js";

const symmetric = (n: number, seed: number, dtype: "float64" | "float32") => {
  const a = gaussian(n, n, seed, dtype);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.set(j, i, a.get(i, j));
  return a;
};

describe.each(["float64", "float32"] as const)("eigh, %s", (dtype) => {
  it.each([1, 2, 7, 33, 100])("decomposes a symmetric matrix of order %i", (n) => {
    const a = symmetric(n, n, dtype);
    const { values, vectors } = eigh(a);
    expect(orthogonality(vectors)).toBeLessThan(30);
    expect(relative(a, product(scaleColumns(vectors, values), vectors, false, true))).toBeLessThan(30);
    expect([...values]).toEqual([...values].sort((x, y) => x - y));
    const alone = eigvalsh(a);
    const largest = Math.max(...values.map(Math.abs));
    for (let i = 0; i < n; i++) expect(Math.abs(alone[i]! - values[i]!)).toBeLessThan(largest * n * (dtype === "float64" ? 1e-15 : 1e-6));
  });
});

/** Matrices on which dividing has much, little or nothing to deflate, and some that have broken eigensolvers. */
const families: Record<string, (n: number, x: Matrix<Real>) => (i: number, j: number) => number> = {
  gaussian: (_, x) => (i, j) => x.get(i, j),
  diagonal: (_, x) => (i, j) => (i === j ? x.get(i, i) : 0),
  "the identity": () => (i, j) => (i === j ? 1 : 0),
  zero: () => () => 0,
  "rank one": (_, x) => (i, j) => x.get(i, 0) * x.get(j, 0),
  "rank three": (_, x) => (i, j) => [0, 1, 2].reduce((sum, l) => sum + x.get(i, l) * x.get(j, l), 0),
  laplacian: () => (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0),
  wilkinson: (n) => (i, j) => (i === j ? Math.abs((n - 1) / 2 - i) : i - j === 1 ? 1 : 0),
  "glued wilkinson": () => (i, j) => (i === j ? Math.abs(10 - (i % 21)) : i - j === 1 ? (i % 21 === 0 ? 1e-8 : 1) : 0),
  "alternating couplings": () => (i, j) => (i === j ? 0 : i - j === 1 ? (i % 2 ? 1 : -1e-5) : 0),
  graded: (n, x) => (i, j) => x.get(i, j) * 10 ** ((-6 * (i + j)) / n),
  "two clusters": (_, x) => (i, j) => (i === j ? (i % 2 ? 1 : 1 + 1e-10) : 1e-12 * x.get(i, j)),
  hilbert: () => (i, j) => 1 / (i + j + 1),
  tiny: (_, x) => (i, j) => x.get(i, j) * 1e-36,
  huge: (_, x) => (i, j) => x.get(i, j) * 1e36,
};

/** Further ones; the precision's unit roundoff is u, and its numbers reach to about `huge` squared. */
const hostile: Record<string, (n: number, x: Matrix<Real>, u: number, huge: number) => (i: number, j: number) => number> = {
  "clusters one ulp wide": (_, x, u) => (i, j) => (i === j ? (1 + (i % 3)) * (1 + (i % 5) * u) : 0) + u * x.get(i, j),
  "graded from huge to tiny": (n, x, _, huge) => (i, j) => x.get(i, j) * huge ** ((i + j) / n - 1),
  "graded tridiagonal": (n, _, __, huge) => (i, j) => (i === j ? 1 : i - j === 1 ? 0.5 : 0) * huge ** (-(i + j) / (2 * n)),
  "all equal": () => () => -3.7,
  arrowhead: () => (i, j) => (i === j ? i + 1 : j === 0 ? 1 : 0),
  "arrowhead of equal elements": () => (i, j) => (i === j ? 1 : j === 0 ? 0.1 : 0),
  toeplitz: (_, x) => (i, j) => x.get(0, i - j),
  "integers of −1, 0, 1": (_, x) => (i, j) => Math.sign(Math.trunc(1.5 * x.get(i, j))),
  "like a companion matrix": (n, x) => (i, j) => (i - j === 1 ? 1 : i === n - 1 ? x.get(i, j) : 0),
  "rank one and the identity": (_, x) => (i, j) => x.get(i, 0) * x.get(j, 0) + (i === j ? 1 : 0),
  "rank two, indefinite": (_, x) => (i, j) => x.get(i, 0) * x.get(j, 0) - x.get(i, 1) * x.get(j, 1),
  "subnormal beside 1": (_, x, u) => (i, j) => (i === j ? 1 : x.get(i, j) * (u < 1e-10 ? 1e-310 : 1e-40)),
  "many zeros": (n, x) => (i, j) => (i < n / 3 ? x.get(i, j) : 0),
  "permuted equal blocks": (n) => (i, j) => (((7 * i + 3) % n) % 5 === ((7 * j + 3) % n) % 5 ? (i === j ? 1.5 : 1) : 0),
  "negated hilbert": () => (i, j) => -1 / (i + j + 1),
  clement: (n) => (i, j) => (i - j === 1 ? Math.sqrt(i * (n - i)) : 0),
  "couplings at the edge of deflation": (_, __, u) => (i, j) => (i === j ? 1 + 4 * i * u : i - j === 1 ? 8 * u : 0),
  "min(i, j)": () => (_, j) => j + 1,
};

afterEach(widest);

describe.each(instructionSets)("eigh, %s instructions", (which) => {
  const cases = [
    ...Object.keys(families).map((family) => [family, [3, 16, 17, 31, 32, 33, 49, 50, 64, 97, 130]] as const),
    ...Object.keys(hostile).map((family) => [family, [2, 15, 17, 40, 70]] as const),
  ];
  it.each(cases)("is backward stable: %s", (family, sizes) => {
    binding.instructions(which);
    for (const dtype of ["float64", "float32"] as const) {
      for (const n of sizes) {
        const x = gaussian(n, n, n, dtype);
        const entry = families[family]?.(n, x) ?? hostile[family]!(n, x, 2 * epsilon(x), dtype === "float64" ? 1e150 : 1e18);
        const a = new Matrix(allocate(n * n, dtype), n, n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++)
            for (const [k, l] of [
              [i, j],
              [j, i],
            ] as const)
              a.set(k, l, entry(i, j));
        const { values, vectors } = eigh(a);
        expect(orthogonality(vectors), `${dtype} ${n}`).toBeLessThan(30);
        expect(relative(a, product(scaleColumns(vectors, values), vectors, false, true)), `${dtype} ${n}`).toBeLessThan(30);
        for (let i = 1; i < n; i++) expect(values[i]!).toBeGreaterThanOrEqual(values[i - 1]!);
        // Without vectors LAPACK takes another way to the eigenvalues.
        const alone = eigvalsh(a);
        const largest = Math.max(...values.map(Math.abs));
        for (let i = 0; i < n; i++) expect(Math.abs(alone[i]! - values[i]!)).toBeLessThanOrEqual(30 * Math.sqrt(n) * largest * epsilon(a));
      }
    }
  });
});

describe("eigh", () => {
  it("reads the lower triangle only and keeps its argument", () => {
    const a = Matrix.from([
      [2, Number.NaN],
      [1, 2],
    ]);
    expect([...eigh(a).values]).toEqual([expect.closeTo(1, 14), expect.closeTo(3, 14)]);
    expect(a.toArrays()).toEqual([
      [2, Number.NaN],
      [1, 2],
    ]);
  });

  it("works on strided views and in place", () => {
    const whole = gaussian(9, 12, 3) as Matrix;
    const before = whole.clone();
    const a = whole.block(2, 3, 5, 5);
    const expected = eigh(a.clone());
    const values = new Float64Array(5);
    const result = eigh(a, { out: { values, vectors: a } });
    expect(result.vectors).toBe(a);
    expect([...values]).toEqual([...expected.values]);
    expect(a.toArrays()).toEqual(expected.vectors.toArrays());
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 12; j++) if (i < 2 || i > 6 || j < 3 || j > 7) expect(whole.get(i, j)).toBe(before.get(i, j));
  });

  it("refuses what it cannot decompose", () => {
    expect(() => eigh(Matrix.zeros(2, 3))).toThrow(new RangeError("eigh: a must be square, got 2×3"));
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const a = Matrix.identity(40);
      a.set(30, 7, bad);
      expect(() => eigh(a)).toThrow(
        expect.objectContaining({ code: "ERR_NOT_FINITE", message: `dsyevd: a must be finite, element (30, 7) is ${bad}` }),
      );
    }
    const whole = Matrix.zeros(4, 4);
    expect(() => eigh(whole.block(0, 0, 2, 2), { out: { vectors: whole.block(1, 0, 2, 2) } })).toThrow(RangeError);
    // biome-ignore lint/suspicious/noExplicitAny: a mistake that only JavaScript can make
    expect(() => eigh(whole, { out: { values: new Float32Array(4) as any } })).toThrow(TypeError);
  });

  it("takes the empty matrix", () => {
    expect(eigh(Matrix.zeros(0, 0)).values.length).toBe(0);
  });
});

describe("eighRange", () => {
  const a = Matrix.diagonal([5, 1, 4, 2, 3]);

  it("selects by index and by value", () => {
    const top = eighRange(a, { indices: [3, 5] });
    expect([...top.values]).toEqual([expect.closeTo(4, 14), expect.closeTo(5, 14)]);
    expect(top.vectors.toArrays().map((row) => row.map((x) => Math.round(Math.abs(x))))).toEqual([
      [0, 1],
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]);
    const middle = eighRange(a, { values: [1.5, 3.5] });
    expect([...middle.values]).toEqual([expect.closeTo(2, 14), expect.closeTo(3, 14)]);
    expect([middle.vectors.rows, middle.vectors.cols]).toEqual([5, 2]);
    expect(eighRange(a, { values: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] }).values.length).toBe(5);
    expect(eighRange(a, { values: [9, 10] }).values.length).toBe(0);
    expect(eighRange(a, { indices: [2, 2] }).values.length).toBe(0);
  });

  it("compares values as it returns them, however far the ends of the range are from the matrix", () => {
    for (const [low, high, count] of [
      [-1e-300, 1e301, 2],
      [-1, 1e-300, 1],
      [0, 1e301, 1],
      [-1, 0, 1],
    ] as const)
      expect(eighRange(Matrix.diagonal([1e300, 0]), { values: [low, high] }).values.length).toBe(count);
    expect([...eighRange(Matrix.diagonal([3e-310, 7e-312]), { values: [7e-312, 3e-310] }).values]).toEqual([3e-310]);
  });

  it.each([
    ["like a companion matrix", [31, 49, 63]],
    ["the second difference", [32, 50]],
  ] as const)("has orthogonal eigenvectors where LAPACK's have lost a digit: %s", (family, sizes) => {
    for (const n of sizes) {
      const x = gaussian(n, n, n);
      const b = Matrix.zeros(n, n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++)
          b.set(i, j, family === "the second difference" ? (i === j ? 2 : i - j === 1 ? -1 : 0) : hostile[family]!(n, x, 0, 0)(i, j));
      for (const indices of [
        [0, n],
        [Math.floor(n / 3), Math.ceil(0.8 * n)],
      ] as const) {
        const { vectors } = eighRange(b, { indices });
        const gram = product(vectors, vectors, true);
        let worst = 0;
        for (let i = 0; i < gram.rows; i++)
          worst = Math.max(
            worst,
            gram.rowArray(i).reduce((sum, g, j) => sum + Math.abs(g - (i === j ? 1 : 0)), 0),
          );
        expect(worst).toBeLessThan(30 * n * epsilon(b));
      }
    }
  });

  it("refuses ranges it cannot take", () => {
    expect(() => eighRange(a, { indices: [3, 6] })).toThrow("indices must be [first, end) within [0, 5], got [3, 6]");
    expect(() => eighRange(a, { values: [Number.NaN, 1] })).toThrow(RangeError);
    // biome-ignore lint/suspicious/noExplicitAny: a mistake that only JavaScript can make
    expect(() => eighRange(a, {} as any)).toThrow("give either indices or values");
  });
});
