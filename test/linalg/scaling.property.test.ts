/**
 * The ends of the number range: every function of lib/linalg on matrices with elements from subnormal to the largest number, graded by
 * rows and columns, with zero rows. Results are finite and have a small backward error, or a named error says what did not fit.
 * Residuals are taken of matrices in units of a power of two (`unit`), so that they do not overflow themselves.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DType, Real } from "../../lib/linalg/index.js";
import * as linalg from "../../lib/linalg/index.js";
import { epsilon, generator, orthogonality, product, transpose } from "./residuals.js";

const { Matrix } = linalg;
type Matrix<T extends Real = Float64Array> = linalg.Matrix<T>;

const formats = {
  float64: { largest: Number.MAX_VALUE, high: 1023, low: -1074 },
  float32: { largest: 2 ** 128 - 2 ** 104, high: 127, low: -149 },
} as const;
const formatOf = (a: { data: Real }) => formats[linalg.dtypeOf(a)];

/** x·2^e, rounded once, for any e. */
function ldexp(x: number, e: number): number {
  const half = Math.max(-1022, Math.min(1022, e));
  if (half === e) return x * 2 ** e;
  return e > 0 ? ldexp(x * 2 ** half, e - half) : ldexp(x * 2 ** (e - half), half);
}

/** ⌊log2|x|⌋; of 0 the least there is. */
function exponent(x: number): number {
  if (x === 0) return -1074;
  const guess = Math.floor(Math.log2(Math.abs(x)));
  return ldexp(Math.abs(x), -guess) >= 2 ? guess + 1 : ldexp(Math.abs(x), -guess) < 1 ? guess - 1 : guess;
}

/** A in units of 2^e: by default of its largest element. */
interface Unit {
  m: Matrix;
  e: number;
}
function unit(
  a: Matrix<Real>,
  e = Math.max(formatOf(a).low, ...Array.from({ length: a.rows }, (_, i) => Math.max(...Array.from(a.rowArray(i), exponent)))),
): Unit {
  const m = Matrix.zeros(a.rows, a.cols);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) m.set(i, j, ldexp(a.get(i, j), -e));
  return { m, e };
}
const column = (a: Matrix<Real>, j: number) => a.block(0, j, a.rows, 1);
const vector = (x: Real) => new Matrix(x, x.length, 1) as Matrix<Real>;
const frobenius = (a: Matrix<Real>) =>
  Math.sqrt(
    a
      .toArrays()
      .flat()
      .reduce((sum, x) => sum + x * x, 0),
  );
const minus = (a: Matrix, b: Matrix) => Matrix.from(a.toArrays().map((row, i) => row.map((x, j) => x - b.get(i, j))));
const identity = (n: number, value = 1) => Matrix.diagonal(new Float64Array(n).fill(value));
const allFinite = (x: Iterable<number>) => [...x].every(Number.isFinite);

/** LAPACK's threshold. */
const THRESHOLD = 30;
/** What may be lost: THRESHOLD·n·ε of the size, and the rounding of results in units of 2^e to subnormal numbers. */
const loss = (a: Matrix<Real>, e: number, size = 2) =>
  Math.max(a.rows, a.cols, 2) * (THRESHOLD * epsilon(a) * size + ldexp(1, formatOf(a).low - e));

// Matrices.

interface Spread {
  rows: number[];
  cols: number[];
}
/** Exponents from the whole range: one for all, or by rows, or columns, or both, or in two sizes. */
const spread = fc.oneof(
  fc.integer({ min: -100, max: 100 }).map((all) => ({ rows: Array(8).fill(all), cols: Array(8).fill(0) })),
  fc.record({
    rows: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 8, maxLength: 8 }),
    cols: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 8, maxLength: 8 }),
  }),
  fc.array(fc.constantFrom(-100, 0, 100), { minLength: 8, maxLength: 8 }).map((cols) => ({ rows: Array(8).fill(0), cols })),
  fc.array(fc.constantFrom(-99, 99), { minLength: 8, maxLength: 8 }).map((rows) => ({ rows, cols: Array(8).fill(0) })),
  fc.constantFrom(-100, -97, 95, 98, 99, 100).map((all) => ({ rows: Array(8).fill(all), cols: Array(8).fill(0) })),
);
const dtype = fc.constantFrom<DType>("float64", "float32");
const seed = fc.integer();
const order = fc.integer({ min: 1, max: 7 });
const shape = fc.record({ dtype, seed, spread, rows: order, cols: order, holes: fc.constantFrom(0, 0, 1, 2), dependent: fc.boolean() });

/** −100 … 100 as an exponent of the format, subnormal numbers included. */
const scaleOf = (type: DType, share: number) =>
  Math.round(share >= 0 ? (share / 100) * (formats[type].high - 1) : (-share / 100) * (formats[type].low + 2));

type General = { dtype: DType; seed: number; spread: Spread; rows: number; cols: number; holes: number; dependent: boolean };
function general({ dtype: type, seed: from, spread: s, rows, cols, holes, dependent }: General, n = cols): Matrix<Real> {
  const normal = generator(from);
  const a = Matrix.zeros(rows, n, type) as Matrix<Real>;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < n; j++) {
      const e = Math.max(formats[type].low, Math.min(formats[type].high - 2, scaleOf(type, s.rows[i]!) + scaleOf(type, s.cols[j]!)));
      a.set(i, j, ldexp(Math.max(-3.9, Math.min(3.9, normal())), e));
    }
  }
  if (dependent && rows > 1) a.rowArray(rows - 1).set(a.rowArray(0));
  if (holes === 1) a.rowArray(from & 1 ? rows - 1 : 0).fill(0);
  if (holes === 2) for (let i = 0; i < rows; i++) a.set(i, from & 1 ? n - 1 : 0, 0);
  return a;
}

const definite = fc.record({ dtype, seed, spread, rows: order, condition: fc.integer({ min: 0, max: 12 }) });
type Definite = { dtype: DType; seed: number; spread: Spread; rows: number; condition: number };
/** D·(X·Xᵀ + 2^−condition·I)·D, symmetric, D a diagonal of powers of two; `even`: one power of two for all. */
function symmetric({ dtype: type, seed: from, spread: s, rows: n, condition }: Definite, even = false): Matrix<Real> {
  const normal = generator(from);
  const x = Matrix.from(Array.from({ length: n }, () => Array.from({ length: n }, () => Math.max(-3, Math.min(3, normal())))));
  const base = linalg.addDiagonal(linalg.syrk(x, { alpha: 1 / (8 * n) }), 2 ** -condition);
  const a = Matrix.zeros(n, n, type) as Matrix<Real>;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [ei, ej] = even ? [s.rows[0]!, s.rows[0]!] : [s.rows[i]!, s.rows[j]!];
      a.set(i, j, ldexp(base.get(i, j), Math.floor(scaleOf(type, ei) / 2) + Math.floor(scaleOf(type, ej) / 2)));
    }
  }
  return a;
}

const codes = ["ERR_OVERFLOW", "ERR_SINGULAR", "ERR_NOT_POSITIVE_DEFINITE", "ERR_NO_CONVERGENCE"];
/** The result, or the code of the error. */
function attempt<R>(body: () => R): R | string {
  try {
    return body();
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    if (!codes.includes(code)) throw error;
    if (code === "ERR_OVERFLOW") expect(message).toMatch(/^[ds]\w+: .* does not fit in (double|single) precision: element/);
    return code;
  }
}
/** Whether ‖A‖_F is beyond what the format holds, nearly. */
const leaves = (a: Matrix<Real>) => {
  const { m, e } = unit(a);
  return Math.log2(frobenius(m)) + e > formatOf(a).high + 0.99;
};

const covered = new Set<string>();
const runs = { numRuns: 100 };
/** A property of the functions named. */
function property<Args extends [unknown, ...unknown[]]>(
  names: string,
  title: string,
  arbitraries: { [K in keyof Args]: fc.Arbitrary<Args[K]> },
  body: (...args: Args) => void,
): void {
  for (const name of names.split(" ")) covered.add(name);
  it(`${names}: ${title}`, () => {
    const checked = (...args: Args) => {
      body(...args);
    };
    fc.assert(fc.property(...(arbitraries as unknown as [fc.Arbitrary<unknown>]), checked as never), runs);
  });
}

describe("general matrices", () => {
  property("qr", "columns are reproduced, each relative to its own size", [shape], (of) => {
    const a = general(of);
    const found = attempt(() => linalg.qr(a));
    if (typeof found === "string") return expect([found, leaves(a)]).toEqual(["ERR_OVERFLOW", true]);
    expect(orthogonality(found.q)).toBeLessThan(THRESHOLD);
    for (let j = 0; j < a.cols; j++) {
      const { m, e } = unit(column(a, j));
      expect(frobenius(minus(m, product(found.q, unit(column(found.r, j), e).m)))).toBeLessThanOrEqual(loss(a, e));
    }
  });

  property("svd singularValues", "A = U·Σ·Vᵀ", [shape, fc.boolean()], (of, full) => {
    const a = general(of);
    const found = attempt(() => linalg.svd(a, { full }));
    const alone = attempt(() => linalg.singularValues(a));
    if (typeof found === "string") return expect([found, alone, leaves(a)]).toEqual(["ERR_OVERFLOW", "ERR_OVERFLOW", true]);
    expect(orthogonality(found.u)).toBeLessThan(THRESHOLD);
    expect(orthogonality(transpose(found.vt))).toBeLessThan(THRESHOLD);
    const { m, e } = unit(a);
    const s = unit(vector(found.s), e).m;
    const sigma = Matrix.zeros(found.u.cols, found.vt.rows);
    for (let i = 0; i < s.rows; i++) sigma.set(i, i, s.get(i, 0));
    expect(frobenius(minus(m, product(product(found.u, sigma), found.vt)))).toBeLessThanOrEqual(loss(a, e, frobenius(m)));
    expect(frobenius(minus(s, unit(vector(alone as Real), e).m))).toBeLessThanOrEqual(loss(a, e, frobenius(m)));
  });

  property("lu", "P·A = L·U", [shape], (of) => {
    const a = general(of);
    const found = attempt(() => linalg.lu(a));
    if (typeof found === "string") return expect([found, leaves(a)]).toEqual(["ERR_OVERFLOW", true]);
    const { m, e } = unit(a);
    const permuted = Matrix.from([...found.permutation].map((i) => m.rowArray(i)));
    expect(frobenius(minus(permuted, product(found.l, unit(found.u, e).m)))).toBeLessThanOrEqual(4 * loss(a, e, frobenius(m)));
    for (const x of found.l.data) expect(Math.abs(x)).toBeLessThanOrEqual(1);
  });

  property("solve", "B − A·X is small beside A and X, column by column", [shape, shape], (of, right) => {
    const a = general({ ...of, cols: of.rows });
    const b = general({ ...right, dtype: of.dtype, rows: of.rows });
    const x = attempt(() => linalg.solve(a, b));
    if (typeof x === "string") return expect(["ERR_OVERFLOW", "ERR_SINGULAR"]).toContain(x);
    checkSolution(unit(a), a, x, b);
  });

  property("lstsq", "what is left is orthogonal to the range, the solution in the row space", [shape, shape], (of, right) => {
    const a = general(of);
    const b = general({ ...right, dtype: of.dtype, rows: of.rows });
    const found = attempt(() => linalg.lstsq(a, b));
    if (typeof found === "string") return expect(found).toBe("ERR_OVERFLOW");
    const A = unit(a);
    const { u, s, vt } = linalg.svd(A.m);
    const { rank } = found;
    // Where a singular value is at the edge of counting, rounding decides.
    const edge = Math.max(of.rows, of.cols) * 2 * epsilon(a) * (s[0] ?? 0);
    if ([...s].some((x) => x > edge / 4 && x < 4 * edge)) return;
    expect(found.rank).toBe([...s].filter((x) => x > edge).length);
    // Singular subspaces are known to ε·s[0]/s[rank − 1].
    const known = rank > 0 ? s[0]! / s[rank - 1]! : 1;
    const range = u.block(0, 0, u.rows, rank);
    const rows = vt.block(0, 0, rank, vt.cols);
    for (let j = 0; j < b.cols; j++) {
      const B = unit(column(b, j));
      const X = unit(column(found.x, j));
      const e = Math.max(A.e + X.e, B.e);
      const left = minus(unit(B.m, e - B.e).m, unit(product(A.m, X.m), e - A.e - X.e).m);
      expect(frobenius(product(range, left, true))).toBeLessThanOrEqual(known * loss(a, X.e, 4) + ldexp(8, A.e + formatOf(a).low - e));
      expect(frobenius(minus(X.m, product(rows, product(rows, X.m), true)))).toBeLessThanOrEqual(
        known * (loss(a, X.e, 4) + ldexp(8, formatOf(a).low + B.e - A.e - X.e)),
      );
    }
  });

  property("norm", "is what squares in units of the largest element give", [shape], (of) => {
    const a = general(of);
    const { m, e } = unit(a);
    const expected = ldexp(frobenius(m), e);
    const close = expected === Number.POSITIVE_INFINITY ? 0 : expected * 20 * epsilon(a) + 5e-324;
    if (expected === Number.POSITIVE_INFINITY) expect(linalg.norm(a)).toBe(expected);
    else expect(Math.abs(linalg.norm(a) - expected)).toBeLessThanOrEqual(close);
  });

  property("condition", "does not depend on the unit", [shape, fc.constantFrom("svd" as const, "lu" as const)], (of, method) => {
    const a = general({ ...of, cols: of.rows });
    const found = linalg.condition(a, { method });
    expect(found).toBeGreaterThan(0.99);
    const there = linalg.condition(unit(a).m, { method });
    // Estimates in different precisions may take different turns.
    if (there * epsilon(a) < 1e-3)
      expect(Math.abs(Math.log(found / there))).toBeLessThan(there * 1e3 * epsilon(a) + (method === "lu" ? 1.2 : 1e-2));
    else expect(found * epsilon(a)).toBeGreaterThan(1e-5);
  });

  property("orthogonalize orthogonalizeStack", "does not depend on the unit; the exact one is a partial isometry", [shape], (of) => {
    const a = general(of);
    const { m } = unit(a);
    for (const method of ["newton-schulz", "polar-express"] as const) {
      const out = linalg.orthogonalize(a, { method, epsilon: 0 });
      const there = linalg.orthogonalize(m, { method, epsilon: 0 });
      expect(frobenius(minus(unit(out, 0).m, there))).toBeLessThan(of.dtype === "float64" ? 1e-10 : 1e-2);
      const plain = linalg.orthogonalize(a, { method });
      expect(allFinite(plain.data) && frobenius(plain) < 4).toBe(true);
    }
    const exact = linalg.orthogonalize(a, { method: "exact" });
    const limit = of.dtype === "float64" ? 1e-9 : 1e-5;
    expect(frobenius(minus(product(product(exact, exact, false, true), exact), unit(exact, 0).m))).toBeLessThan(limit);
    const turned = product(exact, m, true);
    expect(frobenius(minus(turned, transpose(turned) as Matrix))).toBeLessThan(limit);
    const stack = linalg.orthogonalizeStack(a, a.rows, { method: "exact" });
    expect(stack.data).toEqual(exact.data);
  });

  property("symmetrize", "halves the sum, also where the sum does not fit", [shape], (of) => {
    const a = general({ ...of, cols: of.rows });
    const mean = linalg.symmetrize(a.clone());
    for (let i = 0; i < a.rows; i++) {
      for (let j = 0; j < i; j++) {
        const exact = ldexp(ldexp(a.get(i, j), -1000) + ldexp(a.get(j, i), -1000), 999);
        expect(Math.abs(mean.get(i, j) - exact)).toBeLessThanOrEqual(Math.abs(exact) * 4 * epsilon(a) + ldexp(1, -70));
        expect(Number.isFinite(mean.get(i, j))).toBe(true);
      }
    }
  });
});

/** ‖B − A·X‖ ≤ n·(THRESHOLD·ε·‖A‖·‖X‖ + ‖A‖·subnormal), for each column. */
function checkSolution(A: Unit, like: Matrix<Real>, x: Matrix<Real>, b: Matrix<Real>): void {
  expect(allFinite(x.data)).toBe(true);
  for (let j = 0; j < b.cols; j++) {
    const X = unit(column(x, j));
    const B = unit(column(b, j), A.e + X.e).m;
    expect(frobenius(minus(B, product(A.m, X.m)))).toBeLessThanOrEqual(
      loss(like, X.e, frobenius(A.m) * frobenius(X.m)) + 4 * loss(like, X.e, 0),
    );
  }
}

describe("symmetric matrices", () => {
  property("eigh eigvalsh eighRange", "A = V·Λ·Vᵀ", [shape, definite], (of, positive) => {
    const a = of.holes ? symmetric(positive) : linalg.symmetrize(general({ ...of, cols: of.rows }));
    const n = a.rows;
    const found = attempt(() => linalg.eigh(a));
    const alone = attempt(() => linalg.eigvalsh(a));
    const some = attempt(() => linalg.eighRange(a, { indices: [0, n] }));
    if ([found, alone, some].some((result) => typeof result === "string")) {
      return expect([found, alone, some, leaves(a)]).toEqual(["ERR_OVERFLOW", "ERR_OVERFLOW", "ERR_OVERFLOW", true]);
    }
    const { m, e } = unit(a);
    for (const { values, vectors } of [found, some] as linalg.Eigen<Real>[]) {
      expect(orthogonality(vectors)).toBeLessThan(THRESHOLD);
      const lambda = Matrix.diagonal(unit(vector(values), e).m.data);
      expect(frobenius(minus(m, product(product(vectors, lambda), vectors, false, true)))).toBeLessThanOrEqual(loss(a, e, frobenius(m)));
      expect(frobenius(minus(unit(vector(values), e).m, unit(vector(alone as Real), e).m))).toBeLessThanOrEqual(loss(a, e, frobenius(m)));
    }
  });

  property("cholesky choleskySolve choleskyInverse", "A = L·Lᵀ, A·X = B, A·A⁻¹ = I", [definite, shape], (of, right) => {
    const a = symmetric(of);
    const n = a.rows;
    const l = attempt(() => linalg.cholesky(a));
    if (typeof l === "string") return expect(l).toBe("ERR_NOT_POSITIVE_DEFINITE");
    const top = unit(a);
    const A = top.e % 2 ? unit(a, top.e + 1) : top;
    const L = unit(l, A.e / 2).m;
    expect(frobenius(minus(A.m, product(L, L, false, true)))).toBeLessThanOrEqual(loss(a, A.e, frobenius(A.m)));
    const b = general({ ...right, dtype: of.dtype, rows: n });
    const x = attempt(() => linalg.choleskySolve(l, b));
    if (typeof x === "string") expect(x).toBe("ERR_OVERFLOW");
    else checkSolution(A, a, x, b);
    const inverse = attempt(() => linalg.choleskyInverse(l));
    if (typeof inverse === "string") return expect(inverse).toBe("ERR_OVERFLOW");
    const I = unit(inverse);
    expect(allFinite(inverse.data)).toBe(true);
    expect(frobenius(minus(product(A.m, I.m), identity(n, ldexp(1, -A.e - I.e))))).toBeLessThanOrEqual(4 * loss(a, I.e) + loss(a, A.e));
  });

  const rootOptions = fc.record({
    p: fc.constantFrom(1, 2, 3, 4, 8),
    damping: fc.constantFrom(0, 0, 1e-3, 1, 1e30, 1e300, 1e-300),
    relativeTo: fc.constantFrom(null, "trace" as const, "max" as const),
    method: fc.constantFrom("auto" as const, "eigh" as const, "coupled-newton" as const),
  });

  property("inverseRoot inverseRoots", "(A + c·I)·Xᵖ = I, relative to ‖A + c·I‖·‖X‖ᵖ", [definite, rootOptions], (of, options) => {
    const a = symmetric(of);
    const n = a.rows;
    const info: Partial<linalg.RootInfo> = {};
    const x = attempt(() => linalg.inverseRoot(a, { ...options, info }));
    const both = attempt(() => linalg.inverseRoots(a, options));
    if (typeof x === "string") return expect(both).toBe(x);
    expect((both as Matrix<Real>).data).toEqual(x.data);
    expect(allFinite(x.data)).toBe(true);
    if (!Number.isFinite(info.damping!)) return;
    const c = info.damping!;
    const e = Math.max(unit(a).e, exponent(c));
    const damped = unit(a, e).m;
    for (let i = 0; i < n; i++) damped.set(i, i, damped.get(i, i) + ldexp(c, -e));
    const X = unit(x);
    let power = damped;
    for (let k = 0; k < options.p; k++) power = product(power, X.m);
    const one = ldexp(1, -e - options.p * X.e);
    const size = frobenius(damped) * Math.max(1, frobenius(X.m)) ** options.p;
    const allowed = size * options.p * (options.method === "coupled-newton" ? (of.dtype === "float64" ? 1e-5 : 0.1) : 2 * loss(a, X.e));
    const subnormal = size * ldexp(n * n, formatOf(a).low - unit(a).e);
    expect(frobenius(minus(power, identity(n, one)))).toBeLessThanOrEqual(allowed + subnormal);
  });

  property(
    "inverseRoot",
    "scales as the power: (2^e·A)^(−1/p) = 2^(−e/p)·A^(−1/p), whatever p",
    [definite, rootOptions, fc.integer({ min: 1, max: 5000 })],
    (of, options, large) => {
      const a = symmetric(of, true);
      const { m, e } = unit(a);
      if (e < formatOf(a).low + (of.dtype === "float64" ? 60 : 30)) return; // it has few digits itself
      const p = options.method === "coupled-newton" ? options.p : large;
      const relativeTo = options.relativeTo ?? "trace";
      const method = options.method === "auto" ? ("eigh" as const) : options.method;
      const given = { p, damping: Math.min(options.damping, 1), relativeTo, method };
      const there = attempt(() => linalg.inverseRoot(new Matrix(m.data, a.rows, a.rows), given));
      if (typeof there === "string") return;
      const log2 = -e / p;
      const found = attempt(() => linalg.inverseRoot(a, given));
      const top = Math.log2(Math.max(...there.data.map(Math.abs))) + log2;
      if (typeof found === "string") return expect([found, top > formatOf(a).high + 0.99]).toEqual(["ERR_OVERFLOW", true]);
      const scaled = unit(found, Math.trunc(log2)).m;
      const expected = Matrix.from(there.toArrays().map((row) => row.map((x) => x * 2 ** (log2 - Math.trunc(log2)))));
      expect(frobenius(minus(scaled, expected)) / frobenius(expected)).toBeLessThan(
        2 ** of.condition * 1e3 * epsilon(a) + ldexp(10, formatOf(a).low - Math.trunc(top)),
      );
    },
  );

  property(
    "WarmRoot",
    "keeps its tolerance",
    [definite, fc.constantFrom(1, 2, 4), fc.constantFrom("auto" as const, "first-order" as const)],
    (of, p, method) => {
      const a = symmetric(of);
      const n = a.rows;
      const options = { p, damping: 1e-3, relativeTo: "trace" as const };
      const root = new linalg.WarmRoot<Real>(n, { ...options, dtype: of.dtype, method });
      for (const growth of [1, 1 - 2 ** -7, 1 + 2 ** -8]) {
        const next = Matrix.zeros(n, n, of.dtype) as Matrix<Real>;
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) next.set(i, j, a.get(i, j) * (i === j ? growth : growth * (1 - 2 ** -9)));
        const x = attempt(() => root.update(next));
        const exact = attempt(() => linalg.inverseRoot(next, { ...options, method: "eigh" }));
        if (typeof x === "string") {
          expect(x === exact || (x === "ERR_OVERFLOW" && typeof exact !== "string") || (p === 1 && x === "ERR_NOT_POSITIVE_DEFINITE")).toBe(
            true,
          );
          continue;
        }
        expect(allFinite(x.data)).toBe(true);
        if (typeof exact === "string") continue;
        const E = unit(exact);
        expect(frobenius(minus(unit(x, E.e).m, E.m)) / frobenius(E.m)).toBeLessThan(2e-3 + loss(a, E.e));
      }
    },
  );

  property("eigenbasisRefresh", "Q is orthogonal, A·Q_old = Q·R", [definite, seed], (of, from) => {
    const a = symmetric(of);
    const n = a.rows;
    const old = linalg.qr(
      general({
        dtype: of.dtype,
        seed: from,
        spread: { rows: Array(8).fill(0), cols: Array(8).fill(0) },
        rows: n,
        cols: n,
        holes: 0,
        dependent: false,
      }),
    ).q;
    const q = old.clone();
    const rayleigh = attempt(() => linalg.eigenbasisRefresh(a, q, { sorted: false }));
    if (typeof rayleigh === "string") return expect([rayleigh, leaves(a), [...q.data]]).toEqual(["ERR_OVERFLOW", true, [...old.data]]);
    expect(orthogonality(q)).toBeLessThan(4 * THRESHOLD);
    const { m, e } = unit(a);
    const r = product(q, product(m, old), true);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(Math.abs(r.get(i, j))).toBeLessThanOrEqual(loss(a, 0, frobenius(m)));
    const quotients = product(old, product(m, old), true);
    for (let j = 0; j < n; j++)
      expect(Math.abs(quotients.get(j, j) - ldexp(rayleigh[j]!, -e))).toBeLessThanOrEqual(loss(a, e, frobenius(m)));
  });
});

describe("on the thread pool", () => {
  const twins =
    "cholesky choleskySolve choleskyInverse eigh eigvalsh qr solve lstsq lu svd singularValues inverseRoot inverseRoots orthogonalize";
  for (const name of twins.split(" ")) covered.add(`${name}Async`);

  it("gives the same numbers, or the same error", async () => {
    await fc.assert(
      fc.asyncProperty(definite, shape, async (of, right) => {
        const a = symmetric(of);
        const b = general({ ...right, dtype: of.dtype, rows: of.rows });
        const l = attempt(() => linalg.cholesky(a));
        const factor = typeof l === "string" ? (Matrix.zeros(of.rows, of.rows, of.dtype) as Matrix<Real>).copy(identity(of.rows)) : l;
        const both: [() => unknown, () => Promise<unknown>][] = [
          [() => linalg.cholesky(a), () => linalg.choleskyAsync(a)],
          [() => linalg.choleskySolve(factor, b), () => linalg.choleskySolveAsync(factor, b)],
          [() => linalg.choleskyInverse(factor), () => linalg.choleskyInverseAsync(factor)],
          [() => linalg.eigh(a), () => linalg.eighAsync(a)],
          [() => linalg.eigvalsh(a), () => linalg.eigvalshAsync(a)],
          [() => linalg.qr(b), () => linalg.qrAsync(b)],
          [() => linalg.solve(a, b), () => linalg.solveAsync(a, b)],
          [() => linalg.lstsq(a, b), () => linalg.lstsqAsync(a, b)],
          [() => linalg.lu(b), () => linalg.luAsync(b)],
          [() => linalg.svd(b), () => linalg.svdAsync(b)],
          [() => linalg.singularValues(b), () => linalg.singularValuesAsync(b)],
          [() => linalg.inverseRoot(a, { p: 2 }), () => linalg.inverseRootAsync(a, { p: 2 }).then(({ root }) => root)],
          [() => linalg.inverseRoots(a, { p: 1 }), () => linalg.inverseRootsAsync(a, { p: 1 }).then(({ roots }) => roots)],
          [() => linalg.orthogonalize(b), () => linalg.orthogonalizeAsync(b)],
        ];
        const later = await Promise.all(both.map(([, start]) => start().catch((error: { code?: string }) => error.code)));
        both.forEach(([now], i) => {
          expect(later[i]).toEqual(attempt(now));
        });
      }),
      { numRuns: 25 },
    );
  });
});

/** Which follow IEEE arithmetic, and which compute nothing. */
const ieee =
  "gemm gemv symv ger syrk syr2k symm trmm trsm gemmAsync syrkAsync axpy dot scale trace addDiagonal kroneckerApply kroneckerFactorUpdate kroneckerFactorsUpdate transportSecondMoment";
const others = "Matrix Transposed allocate dtypeOf rootInfo smallThreshold";

it("every function is looked at", () => {
  const names = Object.entries(linalg).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  const known = new Set([...covered, ...ieee.split(" "), ...others.split(" ")]);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

describe("the rule", () => {
  const huge = Matrix.from([
    [1e308, 1e308],
    [1e308, -1e308],
  ]);

  it("products and sums overflow to infinity", () => {
    expect(linalg.gemm(huge, huge).get(0, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(linalg.kroneckerFactorUpdate(Matrix.zeros(2, 2), huge).get(0, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(linalg.kroneckerApply(huge, huge, null).get(0, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(linalg.norm(huge)).toBe(Number.POSITIVE_INFINITY);
    expect(linalg.norm(new Float64Array([1.2e308, 0.9e308]))).toBeCloseTo(1.5e308, -295);
  });

  it.each([
    ["singular values", "dgesdd: a singular value", () => linalg.svd(Matrix.from([[1.7e308, 1.7e308]]))],
    [
      "eigenvalues",
      "dsyevd: an eigenvalue",
      () =>
        linalg.eigh(
          Matrix.from([
            [1.5e308, 1e308],
            [1e308, 1.5e308],
          ]),
        ),
    ],
    ["R", "dqr: R", () => linalg.qr(Matrix.from([[1.7e308], [1.7e308]]))],
    [
      "U",
      "dgetrf: the factor U",
      () =>
        linalg.lu(
          Matrix.from([
            [1.7e308, 1.7e308],
            [-1.7e308, 1.7e308],
          ]),
        ),
    ],
    ["an inverse", "dpotri: the inverse", () => linalg.choleskyInverse(linalg.cholesky(Matrix.diagonal([1, 1e-310])))],
    ["a solution", "dgesv: the solution", () => linalg.solve(Matrix.diagonal([1, 1e-310]), Matrix.from([[1], [1]]))],
    ["a root", "dInverseRoot: the root", () => linalg.inverseRoot(Matrix.diagonal([1, 1e-310]), { p: 1, method: "eigh" })],
  ])("what does not fit is an error: %s", (_, message, body) => {
    expect(body).toThrow(
      expect.objectContaining({
        code: "ERR_OVERFLOW",
        message: expect.stringContaining(`${message} does not fit in double precision: element`),
      }),
    );
  });

  it("leaves out and b as they were where that is promised", () => {
    const small = Matrix.diagonal([1, 1e-310]);
    const out = Matrix.from([
      [3, 4],
      [5, 6],
    ]);
    for (const options of [{ p: 1 }, { p: 1, method: "eigh" as const }, { p: 1, method: "coupled-newton" as const, damping: 1e-310 }]) {
      expect(() => linalg.inverseRoot(small, { ...options, out })).toThrow();
      expect(out.toArrays()).toEqual([
        [3, 4],
        [5, 6],
      ]);
    }
    expect(() => linalg.solve(small, out, { out })).toThrow(/does not fit/);
    expect(() => linalg.choleskySolve(linalg.cholesky(small), out, { out })).toThrow(/does not fit/);
    expect(out.toArrays()).toEqual([
      [3, 4],
      [5, 6],
    ]);
  });

  it("takes units by rows and columns, so that a graded matrix is not singular", () => {
    const graded = Matrix.diagonal([1e300, 1e-300]);
    const b = Matrix.from([[1e300], [1e-300]]);
    expect(linalg.solve(graded, b).toArrays()).toEqual([[1], [1]]);
    const l = linalg.cholesky(graded);
    expect(linalg.choleskySolve(l, b).get(1, 0)).toBeCloseTo(1, 14);
    expect(linalg.choleskyInverse(l).get(0, 0) * 1e300).toBeCloseTo(1, 14);
    expect(linalg.inverseRoot(graded, { p: 1 }).get(1, 1) / 1e300).toBeCloseTo(1, 14);
  });

  it("damps where the trace, or the damped matrix, does not fit", () => {
    const a = Matrix.diagonal([1.7e308, 1.7e308]);
    for (const method of ["eigh", "cholesky", "coupled-newton"] as const) {
      const root = linalg.inverseRoot(a, { p: 1, damping: 1, relativeTo: "trace", method });
      expect(root.get(0, 0) * 1.7e308).toBeCloseTo(0.5, 12);
    }
    const single = Matrix.zeros(1, 1, "float32").fill(1);
    expect(linalg.inverseRoot(single, { p: 4, damping: 1e40, method: "eigh" }).get(0, 0) * 1e10).toBeCloseTo(1, 5);
    expect(linalg.inverseRoot(single, { p: 1, damping: 1e40 }).get(0, 0) * 1e40).toBeCloseTo(1, 3);
  });

  it("sees the eigenvalues of a matrix whose diagonal is tiny beside the rest", () => {
    const a = Matrix.from([
      [1.3e150, 1.2e307, -4.8e149],
      [1.2e307, -2.3e9, -4.7e8],
      [-4.8e149, -4.7e8, -1.8e-149],
    ]);
    const values = linalg.eigvalsh(a);
    expect(values[0]! / 1.2e307).toBeCloseTo(-1, 14);
    expect(values[2]! / 1.2e307).toBeCloseTo(1, 14);
  });
});

describe("a large element beside a small one", () => {
  const one = <T extends Real>(x: T) => new Matrix(x.map((_, i) => (i % 3 === 0 ? 1 : 0)) as T, 2, 2);
  for (const [name, column] of [
    ["float64", new Float64Array([1e300, 1e-50])],
    ["float32", new Float32Array([1e25, 1e-22])],
  ] as const) {
    it(`costs it no digit, ${name}`, () => {
      const b = new Matrix<Real>(column, 2, 1);
      const unit = one<Real>(new (column.constructor as Float64ArrayConstructor)(4));
      for (const x of [linalg.solve(unit, b), linalg.choleskySolve(unit, b), linalg.lstsq(unit, b).x]) {
        expect(x.get(0, 0) / column[0]!).toBeCloseTo(1, 6);
        expect(x.get(1, 0) / column[1]!).toBeCloseTo(1, 6);
      }
    });
  }
});
