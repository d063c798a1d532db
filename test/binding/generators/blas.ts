import { reference } from "../checks.js";
import type { Family, Routine, Values, View } from "../harness.js";

/** op(A)'s element and shape. */
const op = (trans: boolean, a: View) => (i: number, j: number) => (trans ? a.get(j, i) : a.get(i, j));
const flip = (trans: boolean, rows: number, cols: number): [number, number] => (trans ? [cols, rows] : [rows, cols]);
const symmetric = (lower: boolean, a: View) => (i: number, j: number) => (lower === i >= j || i === j ? a.get(i, j) : a.get(j, i));
/** The element of op(T), T the triangle of A. */
const triangular =
  ({ lower, trans, unit, a }: Values) =>
  (r: number, s: number) => {
    const [i, j] = trans ? [s, r] : [r, s];
    if (i === j) return unit ? 1 : a.get(i, i);
    return lower === i > j ? a.get(i, j) : 0;
  };

/** out(i, j) ← α·Σ_l term(i, j, l) + β·out(i, j); `from` is where out is read. */
export function accumulate(
  out: View,
  { alpha, beta }: Values,
  k: number,
  term: (i: number, j: number, l: number) => number,
  lowerOnly = false,
): void {
  const read = (i: number, j: number) => (beta === 0 ? 0 : beta * (lowerOnly && j > i ? out.get(j, i) : out.get(i, j)));
  const results: [number, number, number, number][] = [];
  for (let i = 0; i < out.rows; i++) {
    for (let j = 0; j < out.cols; j++) {
      const old = read(i, j);
      let sum = 0;
      let magnitude = 0;
      if (alpha !== 0) {
        for (let l = 0; l < k; l++) {
          const x = term(i, j, l);
          sum += x;
          magnitude += Math.abs(x);
        }
      }
      results.push([i, j, (alpha === 0 ? 0 : alpha * sum) + old, (k + 2) * (Math.abs(alpha) * magnitude + Math.abs(old))]);
    }
  }
  for (const result of results) out.set(...result);
}

const level1 = (arrays: string[], scalars: string[], plain: Parameters<typeof reference>[0], returns = false): Routine => ({
  values: (draw) => ({
    rows: draw.dimension(),
    cols: draw.pick(1, draw.dimension()),
    ...Object.fromEntries(scalars.map((name) => [name, draw.scalar()])),
  }),
  shapes: ({ rows, cols }) => Object.fromEntries(arrays.map((name) => [name, [rows, cols]])),
  check: reference(plain, { returns }),
});

function sum(v: Values, term: (i: number, j: number) => number): number {
  let total = 0;
  v.magnitude = 0;
  for (let i = 0; i < v.rows; i++) {
    for (let j = 0; j < v.cols; j++) {
      total += term(i, j);
      v.magnitude += Math.abs(term(i, j));
    }
  }
  v.magnitude *= v.rows * v.cols;
  return total;
}

function each(view: View, f: (i: number, j: number) => void): void {
  for (let i = 0; i < view.rows; i++) for (let j = 0; j < view.cols; j++) f(i, j);
}

const sided = (extra: string[]): Pick<Routine, "values" | "shapes"> => ({
  values: (draw) => ({
    left: draw.boolean(),
    lower: draw.boolean(),
    trans: draw.boolean(),
    unit: draw.boolean(),
    m: draw.dimension(),
    n: draw.dimension(),
    alpha: draw.scalar(),
    beta: draw.scalar(),
  }),
  shapes: ({ left, m, n }) => ({
    a: left ? [m, m] : [n, n],
    b: [m, n],
    ...Object.fromEntries(extra.map((name) => [name, [m, n]])),
  }),
});

export const both: NonNullable<Family["both"]> = {
  axpy: level1(["x", "y"], ["alpha"], ({ alpha, x, y }) => {
    if (alpha !== 0)
      each(y, (i, j) => y.set(i, j, alpha * x.get(i, j) + y.get(i, j), 2 * (Math.abs(alpha * x.get(i, j)) + Math.abs(y.get(i, j)))));
  }),
  dot: {
    ...level1(["x", "y"], [], (v) => sum(v, (i, j) => v.x.get(i, j) * v.y.get(i, j)), true),
    // Most products positive: what cancels to almost nothing has no digits to look at.
    fill: ({ x, y }) =>
      each(y, (i, j) => {
        if ((i + j) % 4 !== 3) y.array[y.at(i, j)] = y.get(i, j) * x.get(i, j) < 0 ? -y.get(i, j) : y.get(i, j);
      }),
  },
  nrm2: level1(
    ["x"],
    [],
    (v) => {
      const result = Math.hypot(...v.x.contiguous());
      v.magnitude = result * (v.rows * v.cols + 2);
      return result;
    },
    true,
  ),
  scal: level1(["x"], ["alpha"], ({ alpha, x }) => each(x, (i, j) => x.set(i, j, alpha * x.get(i, j)))),
  gemv: {
    values: (draw) => ({ trans: draw.boolean(), m: draw.dimension(), n: draw.dimension(), alpha: draw.scalar(), beta: draw.scalar() }),
    shapes: ({ trans, m, n }) => ({ a: [m, n], x: [trans ? m : n, 1], y: [trans ? n : m, 1] }),
    check: reference((v) => accumulate(v.y, v, v.x.rows, (i, _, l) => op(v.trans, v.a)(i, l) * v.x.get(l))),
  },
  symv: {
    values: (draw) => ({ lower: draw.boolean(), n: draw.dimension(), alpha: draw.scalar(), beta: draw.scalar() }),
    shapes: ({ n }) => ({ a: [n, n], x: [n, 1], y: [n, 1] }),
    check: reference((v) => accumulate(v.y, v, v.n, (i, _, l) => symmetric(v.lower, v.a)(i, l) * v.x.get(l)), { spreads: true }),
  },
  ger: {
    values: (draw) => ({ m: draw.dimension(), n: draw.dimension(), alpha: draw.scalar() }),
    shapes: ({ m, n }) => ({ x: [m, 1], y: [n, 1], a: [m, n] }),
    check: reference((v) => accumulate(v.a, { alpha: v.alpha, beta: 1 }, 1, (i, j) => v.x.get(i) * v.y.get(j))),
  },
  gemm: {
    values: (draw) => ({
      transA: draw.boolean(),
      transB: draw.boolean(),
      m: draw.dimension(),
      n: draw.dimension(),
      k: draw.dimension(),
      alpha: draw.scalar(),
      beta: draw.scalar(),
    }),
    shapes: ({ transA, transB, m, n, k }) => ({ a: flip(transA, m, k), b: flip(transB, k, n), c: [m, n] }),
    check: reference((v) => accumulate(v.c, v, v.k, (i, j, l) => op(v.transA, v.a)(i, l) * op(v.transB, v.b)(l, j))),
  },
  symm: {
    ...sided(["c"]),
    check: reference(
      (v) => {
        const a = symmetric(v.lower, v.a);
        const term = (i: number, j: number, l: number) => (v.left ? a(i, l) * v.b.get(l, j) : v.b.get(i, l) * a(l, j));
        accumulate(v.c, v, v.a.rows, term);
      },
      { spreads: true },
    ),
  },
  syrk: {
    values: (draw) => ({ trans: draw.boolean(), n: draw.dimension(), k: draw.dimension(), alpha: draw.scalar(), beta: draw.scalar() }),
    shapes: ({ trans, n, k }) => ({ a: flip(trans, n, k), c: [n, n] }),
    check: reference((v) => accumulate(v.c, v, v.k, (i, j, l) => op(v.trans, v.a)(i, l) * op(v.trans, v.a)(j, l), true)),
  },
  syr2k: {
    values: (draw) => ({ trans: draw.boolean(), n: draw.dimension(), k: draw.dimension(), alpha: draw.scalar(), beta: draw.scalar() }),
    shapes: ({ trans, n, k }) => ({ a: flip(trans, n, k), b: flip(trans, n, k), c: [n, n] }),
    check: reference((v) => {
      const a = op(v.trans, v.a);
      const b = op(v.trans, v.b);
      accumulate(v.c, v, 2 * v.k, (i, j, l) => (l < v.k ? a(i, l) * b(j, l) : b(i, l - v.k) * a(j, l - v.k)), true);
    }),
  },
  trmm: {
    ...sided([]),
    check: reference(
      (v) => {
        const a = triangular(v);
        const b = Array.from({ length: v.m }, (_, i) => Array.from({ length: v.n }, (_, j) => v.b.get(i, j)));
        const order = v.left ? v.m : v.n;
        accumulate(v.b, { alpha: v.alpha, beta: 0 }, order, (i, j, l) => (v.left ? a(i, l) * b[l][j] : b[i][l] * a(l, j)));
      },
      { spreads: true },
    ),
  },
  trsm: {
    ...sided([]),
    // A dominant diagonal: the error of the solution is then bounded by a few ε of its size.
    fill: ({ a }) => {
      each(a, (i, j) => {
        if (i === j) a.array[a.at(i, i)] = 4;
        else a.array[a.at(i, j)] = a.get(i, j) / 64;
      });
    },
    check: reference(
      (v) => {
        const a = triangular(v);
        const order = v.left ? v.m : v.n;
        // Forward where the first row of op(T) has one element, else backward; X·op(T) = B is op(T)ᵀ·Xᵀ = Bᵀ.
        const t = (i: number, j: number) => (v.left ? a(i, j) : a(j, i));
        const forward = (v.lower !== v.trans) === v.left;
        for (let c = 0; c < (v.left ? v.n : v.m); c++) {
          const x = new Float64Array(order);
          const error = new Float64Array(order); // in units of ε
          for (let step = 0; step < order; step++) {
            const i = forward ? step : order - 1 - step;
            let rest = v.alpha === 0 ? 0 : v.alpha * (v.left ? v.b.get(i, c) : v.b.get(c, i));
            let own = (order + 2) * Math.abs(rest);
            for (let before = 0; before < step; before++) {
              const j = forward ? before : order - 1 - before;
              rest -= t(i, j) * x[j];
              own += Math.abs(t(i, j)) * (error[j] + (order + 2) * Math.abs(x[j]));
            }
            x[i] = v.alpha === 0 ? 0 : rest / t(i, i);
            error[i] = v.alpha === 0 ? 0 : own / Math.abs(t(i, i));
          }
          for (let i = 0; i < order; i++) v.b.set(v.left ? i : c, v.left ? c : i, x[i], error[i]);
        }
      },
      { spreads: true },
    ),
  },
};
