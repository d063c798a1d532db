/** Factorisations by elimination, what is solved with them, and their condition. */
import { identity, law, reference } from "../checks.js";
import type { Draw, Family, Routine, Values, View } from "../harness.js";
import {
  dense,
  distance,
  fromElements,
  identityMatrix,
  inverse,
  jacobi,
  level,
  product,
  size,
  symmetric,
  transposed,
  triangle,
} from "../plain.js";

/** A diagonal that makes a triangle well conditioned and a symmetric matrix positive definite. */
function dominant(a: View | undefined): void {
  if (a) for (let i = 0; i < Math.min(a.rows, a.cols); i++) a.array[a.at(i, i)] = 8 * (a.rows + 1);
}
/** The same with a column of the inverse that is clearly the largest. */
function oneSmall(a: View, draw: Draw): void {
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) a.array[a.at(i, j)] = a.get(i, j) / 1024;
  dominant(a);
  if (a.rows) {
    const i = draw.integer(0, a.rows - 1);
    a.array[a.at(i, i)] = 4 * (a.rows + 1);
  }
}
/** No two elements alike: another exchange of rows is another matrix. */
function distinct(a: View): void {
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) a.array[a.at(i, j)] = a.get(i, j) + (i * a.cols + j) / 4096;
}
const n = (draw: Draw) => draw.pick(draw.dimension(), draw.integer(0, 6));
const mn = (draw: Draw) => ({ m: n(draw), n: n(draw) });
/** Exchanges that getrf could have made. */
function pivots(view: View | undefined, draw: Draw): void {
  if (view) for (let i = 0; i < view.rows; i++) view.array[view.at(i, 0)] = draw.integer(i, view.rows - 1);
}
const square = (
  check: Routine["check"],
  values: Routine["values"],
  name = "a",
  more: Routine["shapes"] = () => ({}),
  fill: Routine["fill"] = (arrays) => dominant(arrays[name]),
): Routine => ({ values, shapes: (v) => ({ [name]: [v.n, v.n], ...more(v) }), fill, check });

/** ‖A‖·‖A⁻¹‖; what follows from a residual needs it to be moderate. */
const conditionOf = (a: ReturnType<typeof dense>) => size(a) * size(inverse(a));
const wellConditioned = (a: ReturnType<typeof dense>) => a.rows === 0 || conditionOf(a) < 1e6;
const inTriangle = (i: number, j: number, { lower }: Values) => i === j || lower === i > j;

/** The matrix of which a triangle holds the Cholesky factor. */
function fromCholesky(factor: View, lower: boolean) {
  const f = triangle(factor, lower);
  return product(f, f, !lower, lower);
}

/** Pᵀ·L·U from what getrf leaves. */
function fromLu(lu: View, pivots: View) {
  const k = Math.min(lu.rows, lu.cols);
  const [l, u] = [triangle(lu, true, true, lu.rows, k), triangle(lu, false, false, k)];
  const a = product(l, u);
  for (let i = pivots.rows - 1; i >= 0; i--) {
    const p = pivots.get(i);
    for (let j = 0; j < a.cols; j++) {
      const [x, y] = [a.get(i, j), a.get(p, j)];
      a.set(i, j, y);
      a.set(p, j, x);
    }
  }
  return { a, scale: size(l) * size(u), l };
}

/** That rcond estimates 1/(norm·‖A⁻¹‖₁): never too high; seldom far too low, not at all where one column stands out. */
const conditionEstimate = (matrix: (v: Values) => ReturnType<typeof dense>) =>
  law((trial, test) => {
    const { norm, n } = trial.after;
    const rcond = trial.result as number;
    if (n === 0 || norm === 0) return test("rcond", Math.abs(rcond - Number(n === 0)), 0);
    if (!trial.moderate) return;
    const a = matrix(trial.before());
    if (!wellConditioned(a)) return;
    const x = inverse(a);
    const sums = Array.from({ length: n }, (_, j) => {
      let [all, own] = [0, 0];
      for (let i = 0; i < n; i++) {
        all += Math.abs(x.get(i, j));
        if (i === j) own = Math.abs(x.get(i, j));
      }
      return { all, clear: all <= 1.1 * own };
    }).sort((p, q) => q.all - p.all);
    const estimate = 1 / (rcond * norm);
    const exact = sums[0]!.all;
    const clear = sums.every((s) => s.clear) && (n === 1 || exact > 1.3 * sums[1]!.all);
    const accuracy = level(trial, n) * conditionOf(a);
    test("‖A⁻¹‖₁ estimated", estimate, exact * (1 + accuracy));
    test("‖A⁻¹‖₁", exact, estimate * (clear ? 1 + 1e-4 + accuracy : 10));
  });

export const both: NonNullable<Family["both"]> = {
  potrf: square(
    identity(
      { a: (i, j, v) => v.clear || inTriangle(i, j, v) },
      (trial, test) => {
        const { after: v } = trial;
        const a = symmetric(trial.before().a, v.lower);
        test("‖A − factor·factorᵀ‖", distance(a, fromCholesky(v.a, v.lower)), level(trial, v.n) * size(a));
        for (let i = 0; i < v.n; i++) {
          for (let j = 0; j < v.n; j++) if (v.clear && !inTriangle(i, j, v)) test(`element (${i}, ${j})`, Math.abs(v.a.get(i, j)), 0);
        }
      },
      {
        failing: { a: inTriangle },
        failed(trial) {
          const order = Number(/order (\d+)/.exec(trial.error!.message)?.[1]);
          if (!trial.moderate || trial.error!.code !== "ERR_NOT_POSITIVE_DEFINITE") return;
          const before = trial.before();
          const a = symmetric(before.a, before.lower);
          const minor = fromElements(order, order, (i, j) => a.get(i, j));
          const [least] = jacobi(minor).values;
          if (!(least! <= level(trial, order) * size(minor)))
            throw new Error(`the minor of order ${order} has ${least} as its least eigenvalue`);
        },
      },
    ),
    (draw) => ({ lower: draw.boolean(), clear: draw.boolean(), n: n(draw) }),
  ),
  potrs: square(
    identity({ b: true }, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      const a = fromCholesky(before.factor, v.lower);
      if (!wellConditioned(a)) return;
      const x = dense(v.b);
      test("‖B − A·X‖", distance(dense(before.b), product(a, x)), level(trial, v.n) * size(a) * size(x));
    }),
    (draw) => ({ lower: draw.boolean(), n: n(draw), nrhs: n(draw) }),
    "factor",
    (v) => ({ b: [v.n, v.nrhs] }),
  ),
  potri: square(
    identity({ a: true }, (trial, test) => {
      const { after: v } = trial;
      const a = fromCholesky(trial.before().a, v.lower);
      if (!wellConditioned(a)) return;
      const x = dense(v.a);
      test("‖A·X − I‖", distance(product(a, x), identityMatrix(v.n)), level(trial, v.n) * size(a) * size(x));
      test("‖X − Xᵀ‖", distance(x, transposed(x)), 0);
    }),
    (draw) => ({ lower: draw.boolean(), n: n(draw) }),
  ),
  pocon: square(
    conditionEstimate((v) => fromCholesky(v.factor, v.lower)),
    (draw) => ({ lower: draw.boolean(), n: n(draw), norm: draw.integer(0, 100) }),
    "factor",
    undefined,
    ({ factor }, _, draw) => oneSmall(factor, draw),
  ),
  trtri: square(
    identity({ a: (i, j, v) => inTriangle(i, j, v) && !(v.unit && i === j) }, (trial, test) => {
      const { after: v } = trial;
      const t = triangle(trial.before().a, v.lower, v.unit);
      if (!wellConditioned(t)) return;
      const x = triangle(v.a, v.lower, v.unit);
      test("‖T·X − I‖", distance(product(t, x), identityMatrix(v.n)), level(trial, v.n) * size(t) * size(x));
    }),
    (draw) => ({ lower: draw.boolean(), unit: draw.boolean(), n: n(draw) }),
    "a",
    undefined,
    ({ a }) => {
      // With ones on the diagonal too it has a moderate inverse.
      for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) a.array[a.at(i, j)] = i === j ? 2 : a.get(i, j) / 64;
    },
  ),
  getrf: {
    values: mn,
    shapes: (v) => ({ a: [v.m, v.n], pivots: [Math.min(v.m, v.n), 1] }),
    fill: ({ a }) => distinct(a),
    check: identity(
      { a: true, pivots: true },
      (trial, test) => {
        const { after: v, result } = trial;
        for (let i = 0; i < v.pivots.rows; i++) {
          test(`pivot ${i} counted from ${i}`, i, v.pivots.get(i));
          test(`pivot ${i}`, v.pivots.get(i), v.m - 1);
        }
        const { a, scale, l } = fromLu(v.a, v.pivots);
        test("‖A − Pᵀ·L·U‖", distance(dense(trial.before().a), a), level(trial, v.m, v.n) * scale);
        for (const x of l.data) test("|L|", Math.abs(x), 1 + level(trial));
        let zero = 0;
        while (zero < v.pivots.rows && v.a.get(zero, zero) !== 0) zero++;
        const expected = zero < v.pivots.rows ? zero + 1 : 0;
        test("the singular block", Math.abs((result as number) - expected), 0);
      },
      { returns: true },
    ),
  },
  getrs: {
    values: (draw) => ({ trans: draw.boolean(), n: n(draw), nrhs: n(draw) }),
    shapes: (v) => ({ lu: [v.n, v.n], pivots: [v.n, 1], b: [v.n, v.nrhs] }),
    fill: (arrays, _, draw) => {
      for (let i = 0; i < arrays.lu.rows; i++) for (let j = 0; j < i; j++) arrays.lu.array[arrays.lu.at(i, j)] = arrays.lu.get(i, j) / 64;
      dominant(arrays.lu);
      pivots(arrays.pivots, draw);
    },
    check: identity({ b: true }, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      const { a, scale } = fromLu(before.lu, before.pivots);
      if (!wellConditioned(a)) return;
      const x = dense(v.b);
      test("‖B − op(A)·X‖", distance(dense(before.b), product(a, x, v.trans)), level(trial, v.n) * scale * size(x));
    }),
  },
  gesv: square(
    identity({ b: true }, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      const a = dense(before.a);
      if (!wellConditioned(a)) return;
      const x = dense(v.b);
      test("‖B − A·X‖", distance(dense(before.b), product(a, x)), level(trial, v.n) * size(a) * size(x));
    }),
    (draw) => ({ n: n(draw), nrhs: n(draw) }),
    "a",
    (v) => ({ b: [v.n, v.nrhs] }),
  ),
  gecon: square(
    conditionEstimate(({ lu, n }) => product(triangle(lu, true, true), triangle(lu, false, false, n, n))),
    (draw) => ({ n: n(draw), norm: draw.integer(0, 100) }),
    "lu",
    undefined,
    ({ lu }, _, draw) => oneSmall(lu, draw),
  ),
  norm1: {
    values: mn,
    shapes: (v) => ({ a: [v.m, v.n] }),
    check: reference(
      (v) => {
        let largest = 0;
        for (let j = 0; j < v.n; j++) {
          let sum = 0;
          for (let i = 0; i < v.m; i++) sum += Math.abs(v.a.get(i, j));
          if (!(sum <= largest)) largest = sum;
        }
        v.magnitude = v.m * largest;
        return largest;
      },
      { returns: true },
    ),
  },
};
