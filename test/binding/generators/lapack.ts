import type { Draw, Family, Routine, View } from "../harness.js";

/** A diagonal that makes a triangle well conditioned and a symmetric matrix positive definite. */
function dominant(a: View | undefined): void {
  if (a) for (let i = 0; i < Math.min(a.rows, a.cols); i++) a.array[a.at(i, i)] = 8 * (a.rows + 1);
}
const n = (draw: Draw) => draw.pick(draw.dimension(), draw.integer(0, 6));
const mn = (draw: Draw) => ({ m: n(draw), n: n(draw) });
/** Exchanges that getrf could have made. */
function pivots(view: View | undefined, draw: Draw): void {
  if (view) for (let i = 0; i < view.rows; i++) view.array[view.at(i, 0)] = draw.integer(i, view.rows - 1);
}
const square = (values: Routine["values"], name = "a", more: Routine["shapes"] = () => ({})): Routine => ({
  values,
  shapes: (v) => ({ [name]: [v.n, v.n], ...more(v) }),
  fill: (arrays) => dominant(arrays[name]),
});

export const both: NonNullable<Family["both"]> = {
  syevd: {
    values: (draw) => ({ vectors: draw.boolean(), n: n(draw) }),
    shapes: (v) => ({ a: [v.n, v.n], w: [v.n, 1] }),
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
  },
  potrf: square((draw) => ({ lower: draw.boolean(), clear: draw.boolean(), n: n(draw) })),
  potrs: square(
    (draw) => ({ lower: draw.boolean(), n: n(draw), nrhs: n(draw) }),
    "factor",
    (v) => ({ b: [v.n, v.nrhs] }),
  ),
  potri: square((draw) => ({ lower: draw.boolean(), n: n(draw) })),
  pocon: square((draw) => ({ lower: draw.boolean(), n: n(draw), norm: draw.integer(0, 100) }), "factor"),
  trtri: square((draw) => ({ lower: draw.boolean(), unit: draw.boolean(), n: n(draw) })),
  getrf: { values: mn, shapes: (v) => ({ a: [v.m, v.n], pivots: [Math.min(v.m, v.n), 1] }) },
  getrs: {
    values: (draw) => ({ trans: draw.boolean(), n: n(draw), nrhs: n(draw) }),
    shapes: (v) => ({ lu: [v.n, v.n], pivots: [v.n, 1], b: [v.n, v.nrhs] }),
    fill: (arrays, _, draw) => {
      dominant(arrays.lu);
      pivots(arrays.pivots, draw);
    },
  },
  gesv: square(
    (draw) => ({ n: n(draw), nrhs: n(draw) }),
    "a",
    (v) => ({ b: [v.n, v.nrhs] }),
  ),
  gecon: square((draw) => ({ n: n(draw), norm: draw.integer(0, 100) }), "lu"),
  norm1: {
    values: mn,
    shapes: (v) => ({ a: [v.m, v.n] }),
    reference: (v) => {
      let largest = 0;
      for (let j = 0; j < v.n; j++) {
        let sum = 0;
        for (let i = 0; i < v.m; i++) sum += Math.abs(v.a.get(i, j));
        if (!(sum <= largest)) largest = sum;
      }
      v.magnitude = v.m * largest;
      return largest;
    },
  },
  geqrf: { values: mn, shapes: (v) => ({ a: [v.m, v.n], tau: [Math.min(v.m, v.n), 1] }) },
  orgqr: {
    values: (draw) => {
      const k = n(draw);
      const cols = k + draw.integer(0, 3);
      return { m: cols + draw.integer(0, 3), n: cols, k };
    },
    shapes: (v) => ({ a: [v.m, v.n], tau: [v.k, 1] }),
  },
  ormqr: {
    values: (draw) => {
      const left = draw.boolean();
      const shape = mn(draw);
      return { left, trans: draw.boolean(), ...shape, k: draw.integer(0, left ? shape.m : shape.n) };
    },
    shapes: ({ left, m, n, k }) => ({ a: [left ? m : n, k], tau: [k, 1], c: [m, n] }),
  },
  qr: {
    values: mn,
    shapes: ({ m, n }) => ({ a: [m, n], q: [m, Math.min(m, n)], r: [Math.min(m, n), n] }),
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
  },
  gelsd: {
    values: (draw) => ({ ...mn(draw), nrhs: n(draw), rcond: draw.pick(-1, 0, 1e-6) }),
    shapes: ({ m, n, nrhs }) => ({ a: [m, n], b: [m, nrhs], x: [n, nrhs], s: [Math.min(m, n), 1] }),
  },
};
