/** Eigenvalues, singular values, orthogonal factors. */
import { identity, type Test } from "../checks.js";
import type { Draw, Family, View } from "../harness.js";
import {
  dense,
  distance,
  fromElements,
  hestenes,
  jacobi,
  level,
  product,
  reflect,
  size,
  skewness,
  symmetric,
  transposed,
  triangle,
} from "../plain.js";

const n = (draw: Draw) => draw.pick(draw.dimension(), draw.integer(0, 6));
const mn = (draw: Draw) => ({ m: n(draw), n: n(draw) });

/** Reflections of length 1 … in the columns of a. */
function reflectors(a: View, tau: View): void {
  for (let l = 0; l < tau.rows; l++) {
    let square = 1;
    for (let i = l + 1; i < a.rows; i++) square += a.get(i, l) ** 2;
    tau.array[tau.at(l, 0)] = 2 / square;
  }
}

function ascending(test: Test, values: View, count = values.rows): void {
  for (let i = 1; i < count; i++) test(`value ${i} after value ${i - 1}`, values.get(i - 1), values.get(i));
}

/** That the reflections are orthogonal. */
function orthogonalReflections(packed: View, tau: View, k = tau.rows): number {
  let worst = 0;
  for (let l = 0; l < k; l++) {
    let square = 1;
    for (let i = l + 1; i < packed.rows; i++) square += packed.get(i, l) ** 2;
    worst = Math.max(worst, Math.abs(tau.get(l) * (tau.get(l) * square - 2)));
  }
  return worst;
}

export const both: NonNullable<Family["both"]> = {
  syevd: {
    values: (draw) => ({ vectors: draw.boolean(), n: n(draw) }),
    shapes: (v) => ({ a: [v.n, v.n], w: [v.n, 1] }),
    check: identity({ a: (_i, _j, { vectors }) => vectors, w: true }, (trial, test) => {
      const a = symmetric(trial.before().a);
      const { after: v } = trial;
      const bound = level(trial, v.n) * size(a);
      ascending(test, v.w);
      if (v.vectors) {
        const q = dense(v.a);
        test("‖VᵀV − I‖", skewness(q), level(trial, v.n));
        const scaled = fromElements(v.n, v.n, (i, j) => q.get(i, j) * v.w.get(j));
        test("‖A·V − V·Λ‖", distance(product(a, q), scaled), bound);
      } else jacobi(a).values.forEach((x, i) => void test(`eigenvalue ${i}`, Math.abs(x - v.w.get(i)), bound));
    }),
  },
  syevr: {
    values: (draw) => {
      const order = n(draw);
      const range = draw.pick("all", "index", "value");
      const first = draw.integer(0, order);
      return { vectors: draw.boolean(), n: order, range, first, end: range === "value" ? first + 1 : draw.integer(first, order) };
    },
    shapes: ({ vectors, n, range, first, end }) => {
      const room = range === "index" ? end - first : n;
      return { a: [n, n], w: [room, 1], z: vectors ? [n, room] : undefined };
    },
    check: identity(
      { w: (i, _j, _v, count) => i < (count as number), z: (_i, j, _v, count) => j < (count as number) },
      (trial, test) => {
        const a = symmetric(trial.before().a);
        const { after: v, result } = trial;
        const count = result as number;
        const bound = level(trial, v.n) * size(a);
        const all = jacobi(a).values;
        const within = (slack: number) => all.filter((x) => x > v.first - slack && x <= v.end + slack).length;
        const [least, most] =
          v.range === "all" ? [v.n, v.n] : v.range === "index" ? [v.end - v.first, v.end - v.first] : [within(-bound), within(bound)];
        test("the number of them", count, most);
        test("the least number", least, count);
        if (count === 0) return;
        ascending(test, v.w, count);
        let from = v.range === "index" ? v.first : 0;
        if (v.range === "value") while (from < v.n - count && all[from]! < v.w.get(0) - bound) from++;
        for (let i = 0; i < count; i++) test(`eigenvalue ${i}`, Math.abs(v.w.get(i) - all[from + i]!), bound);
        if (!v.vectors) return;
        const z = dense(v.z, v.n, count);
        test("‖ZᵀZ − I‖", skewness(z), level(trial, v.n));
        const scaled = fromElements(v.n, count, (i, j) => z.get(i, j) * v.w.get(j));
        test("‖A·Z − Z·Λ‖", distance(product(a, z), scaled), bound);
      },
      { returns: true },
    ),
  },
  geqrf: {
    values: mn,
    shapes: (v) => ({ a: [v.m, v.n], tau: [Math.min(v.m, v.n), 1] }),
    check: identity({ a: true, tau: true }, (trial, test) => {
      const { after: v } = trial;
      const a = dense(trial.before().a);
      test("orthogonality of the reflections", orthogonalReflections(v.a, v.tau), level(trial, v.m));
      const qr = reflect(v.a, v.tau, v.tau.rows, false, triangle(v.a, false));
      test("‖A − Q·R‖", distance(a, qr), level(trial, v.m, v.n) * size(a));
    }),
  },
  orgqr: {
    values: (draw) => {
      const k = n(draw);
      const cols = k + draw.integer(0, 3);
      return { m: cols + draw.integer(0, 3), n: cols, k };
    },
    shapes: (v) => ({ a: [v.m, v.n], tau: [v.k, 1] }),
    fill: ({ a, tau }) => reflectors(a, tau),
    check: identity({ a: true }, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      if (orthogonalReflections(before.a, before.tau, v.k) > level(trial, v.m)) return;
      const unit = fromElements(v.m, v.n, (i, j) => Number(i === j));
      test("‖Q − H₀·H₁·…‖", distance(dense(v.a), reflect(before.a, before.tau, v.k, false, unit)), level(trial, v.m));
    }),
  },
  ormqr: {
    values: (draw) => {
      const left = draw.boolean();
      const shape = mn(draw);
      return { left, trans: draw.boolean(), ...shape, k: draw.integer(0, left ? shape.m : shape.n) };
    },
    shapes: ({ left, m, n, k }) => ({ a: [left ? m : n, k], tau: [k, 1], c: [m, n] }),
    fill: ({ a, tau }) => reflectors(a, tau),
    check: identity({ c: true }, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      if (orthogonalReflections(before.a, before.tau, v.k) > level(trial, v.a.rows)) return;
      const c = dense(before.c);
      const expected = v.left
        ? reflect(before.a, before.tau, v.k, v.trans, c)
        : transposed(reflect(before.a, before.tau, v.k, !v.trans, transposed(c)));
      test("‖C − op(Q)·C‖", distance(dense(v.c), expected), level(trial, v.m, v.n) * size(c));
    }),
  },
  qr: {
    values: mn,
    shapes: ({ m, n }) => ({ a: [m, n], q: [m, Math.min(m, n)], r: [Math.min(m, n), n] }),
    check: identity({ q: true, r: true }, (trial, test) => {
      const { after: v } = trial;
      const a = dense(trial.before().a);
      const [q, r] = [dense(v.q), dense(v.r)];
      test("‖QᵀQ − I‖", skewness(q), level(trial, v.m));
      test("‖A − Q·R‖", distance(a, product(q, r)), level(trial, v.m, v.n) * size(a));
      for (let i = 0; i < r.rows; i++) for (let j = 0; j < i; j++) test(`R(${i}, ${j})`, Math.abs(r.get(i, j)), 0);
    }),
  },
  gesdd: {
    values: (draw) => ({ job: draw.pick("values", "thin", "full"), ...mn(draw) }),
    shapes: ({ job, m, n }) => {
      const k = Math.min(m, n);
      const vectors = job !== "values";
      return {
        a: [m, n],
        s: [k, 1],
        u: vectors ? [m, job === "full" ? m : k] : undefined,
        vt: vectors ? [job === "full" ? n : k, n] : undefined,
      };
    },
    check: identity({ s: true, u: true, vt: true }, (trial, test) => {
      const { after: v } = trial;
      const a = dense(trial.before().a);
      const k = v.s.rows;
      const bound = level(trial, v.m, v.n) * size(a);
      for (let i = 0; i < k; i++) test(`singular value ${i}`, i + 1 < k ? v.s.get(i + 1) : 0, v.s.get(i));
      hestenes(a).s.forEach((x, i) => void test(`singular value ${i}`, Math.abs(x - v.s.get(i)), bound));
      if (v.job === "values") return;
      const [u, vt] = [dense(v.u), dense(v.vt)];
      test("‖UᵀU − I‖", skewness(u), level(trial, v.m));
      test("‖VᵀV − I‖", skewness(transposed(vt)), level(trial, v.n));
      const scaled = fromElements(v.m, k, (i, j) => u.get(i, j) * v.s.get(j));
      test("‖A − U·Σ·Vᵀ‖", distance(a, product(scaled, dense(v.vt, k, v.n))), bound);
    }),
  },
  gelsd: {
    values: (draw) => ({ ...mn(draw), nrhs: n(draw), rcond: draw.pick(-1, 0, 1e-6) }),
    shapes: ({ m, n, nrhs }) => ({ a: [m, n], b: [m, nrhs], x: [n, nrhs], s: [Math.min(m, n), 1] }),
    check: identity(
      { x: true, s: true },
      (trial, test) => {
        const { after: v } = trial;
        const rank = trial.result as number;
        const before = trial.before();
        const [a, b, x] = [dense(before.a), dense(before.b), dense(v.x)];
        const accuracy = level(trial, v.m, v.n);
        const { s, v: right } = hestenes(a);
        const largest = s[0] ?? 0;
        s.forEach((value, i) => void test(`singular value ${i}`, Math.abs(value - v.s.get(i)), accuracy * largest));
        const cut = (v.rcond < 0 ? 2 * trial.u : v.rcond) * largest;
        test("the rank", rank, s.filter((value) => value > cut - accuracy * largest).length);
        test("the least rank", s.filter((value) => value > cut + accuracy * largest).length, rank);
        const image = product(a, x);
        const residual = fromElements(v.m, v.nrhs, (i, j) => b.get(i, j) - image.get(i, j));
        const scale = largest * size(x) + size(b);
        test("‖Aᵀ(B − A·X)‖", size(product(a, residual, true)), (accuracy * largest + (s[rank] ?? 0)) * scale);
        // Of least norm: X lies in the row space.
        const basis = fromElements(v.n, rank, (i, j) => right.get(i, j));
        const lost = distance(x, product(basis, product(basis, x, true)));
        test("what X has outside the row space", lost, (accuracy * size(x) * largest) / (s[rank - 1] ?? 1));
      },
      { returns: true },
    ),
  },
};
