import type { Draw, Family, Values, View } from "../harness.js";
import { accumulate } from "./blas.js";

const mn = (draw: Draw) => ({ m: draw.dimension(), n: draw.dimension() });
const damped = (draw: Draw) => ({
  p: draw.integer(1, 5),
  damping: draw.pick(0, 0.5, 2),
  relativeTo: draw.pick("absolute", "trace", "max"),
  small: draw.pick("refuse", "floor", "pseudo-inverse"),
  threshold: draw.pick(1e-8, 1e-4),
});
/** AAᵀ-like: symmetric with a dominant diagonal. */
function definite({ a }: Record<string, View>): void {
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < i; j++) a.array[a.at(j, i)] = a.get(i, j);
    a.array[a.at(i, i)] = 8 * (a.rows + 1);
  }
}
const op = (trans: boolean, a: View | undefined) => (i: number, j: number) => (!a ? Number(i === j) : trans ? a.get(j, i) : a.get(i, j));

export const both: NonNullable<Family["both"]> = {
  KroneckerFactorUpdate: {
    values: (draw) => {
      const axis = draw.pick("columns", "rows");
      return { axis, homogeneous: axis === "columns" && draw.boolean(), ...mn(draw), alpha: draw.scalar(), beta: draw.scalar() };
    },
    shapes: ({ axis, homogeneous, m, n }) => {
      const order = axis === "rows" ? m : n + Number(homogeneous);
      return { x: [m, n], factor: [order, order] };
    },
    reference: (v) => {
      const x = (i: number, j: number) => (j === v.n ? 1 : v.x.get(i, j));
      const term = (i: number, j: number, l: number) => (v.axis === "rows" ? v.x.get(i, l) * v.x.get(j, l) : x(l, i) * x(l, j));
      accumulate(v.factor, v, v.axis === "rows" ? v.n : v.m, term, true);
    },
  },
  KroneckerFactorsUpdate: {
    values: (draw) => ({ ...mn(draw), alpha: draw.scalar(), beta: draw.scalar() }),
    shapes: ({ m, n }) => ({ g: [m, n], left: [m, m], right: [n, n] }),
    reference: (v) => {
      accumulate(v.left, v, v.n, (i, j, l) => v.g.get(i, l) * v.g.get(j, l), true);
      accumulate(v.right, v, v.m, (i, j, l) => v.g.get(l, i) * v.g.get(l, j), true);
    },
  },
  KroneckerApply: {
    values: (draw) => {
      const { m, n } = mn(draw);
      const [hasLeft, hasRight] = [draw.boolean(), draw.boolean()];
      return {
        transL: draw.boolean(),
        transR: draw.boolean(),
        m,
        n,
        gRows: hasLeft ? draw.dimension() : m,
        gCols: hasRight ? draw.dimension() : n,
        ...(hasLeft ? {} : { left: null }),
        ...(hasRight ? {} : { right: null }),
      };
    },
    shapes: ({ transL, transR, m, n, gRows, gCols, left, right }) => ({
      left: left === null ? undefined : transL ? [gRows, m] : [m, gRows],
      g: [gRows, gCols],
      right: right === null ? undefined : transR ? [n, gCols] : [gCols, n],
      out: [m, n],
    }),
    reference: (v: Values) => {
      const left = op(v.transL, v.left ?? undefined);
      const right = op(v.transR, v.right ?? undefined);
      const terms = v.gRows * v.gCols;
      const term = (i: number, j: number, l: number) => {
        const [r, c] = [Math.floor(l / v.gCols), l % v.gCols];
        return left(i, r) * v.g.get(r, c) * right(c, j);
      };
      if (v.m * v.n * terms < 2e4) accumulate(v.out, { alpha: 1, beta: 0 }, terms, term);
      else for (let i = 0; i < v.m; i++) for (let j = 0; j < v.n; j++) v.out.set(i, j, Number.NaN);
    },
    spreads: true,
  },
  InverseRoot: {
    values: (draw) => ({ ...damped(draw), method: draw.pick("auto", "eigh"), n: draw.dimension() }),
    shapes: ({ n }) => ({ a: [n, n], out: [n, n], info: [6, 1] }),
    fill: definite,
  },
  InverseRootBatch: {
    values: (draw) => ({ ...damped(draw), method: draw.pick("auto", "eigh"), n: draw.integer(0, 6), count: draw.integer(0, 3) }),
    shapes: ({ n, count }) => ({ a: [count * n * n, 1], out: [count * n * n, 1], info: [6 * count, 1] }),
  },
  WarmInverseRoot: {
    values: (draw) => ({ ...damped(draw), tolerance: draw.pick(1e-3, 1e-4), n: draw.dimension() }),
    shapes: ({ n }) => ({ a: [n, n], basis: [n, n], state: [7, 1], out: [n, n], info: [6, 1] }),
    fill: (arrays) => {
      definite(arrays);
      for (let i = 0; i < 7; i++) arrays.state.array[arrays.state.at(i, 0)] = 0;
    },
  },
  EigenbasisRefresh: {
    values: (draw) => ({ sorted: draw.boolean(), n: draw.dimension(), ...(draw.boolean() ? {} : { overlap: null }) }),
    shapes: ({ n, overlap }) => ({ a: [n, n], q: [n, n], rayleigh: [n, 1], overlap: overlap === null ? undefined : [n, n] }),
  },
  NewtonSchulz: {
    values: (draw) => ({ steps: draw.integer(0, 5), safety: 1, epsilon: draw.pick(0, 1e-7), ...mn(draw) }),
    shapes: ({ steps, m, n }) => ({ coefficients: [3 * steps, 1], a: [m, n], out: [m, n] }),
  },
  PolarFactor: { values: mn, shapes: ({ m, n }) => ({ a: [m, n], out: [m, n] }) },
  NewtonSchulzBatch: {
    values: (draw) => ({ steps: draw.integer(0, 5), safety: 1, epsilon: draw.pick(0, 1e-7), ...mn(draw), count: draw.integer(0, 3) }),
    shapes: ({ steps, m, n, count }) => ({ coefficients: [3 * steps, 1], a: [count * m * n, 1], out: [count * m * n, 1] }),
  },
  PolarFactorBatch: {
    values: (draw) => ({ ...mn(draw), count: draw.integer(0, 3) }),
    shapes: ({ m, n, count }) => ({ a: [count * m * n, 1], out: [count * m * n, 1] }),
  },
};
