import { identity, type Outputs, reference, type Test } from "../checks.js";
import type { Draw, Family, Values, View } from "../harness.js";
import { dense, distance, fromElements, hestenes, level, product, size, skewness } from "../plain.js";
import type { Trial } from "../trial.js";
import { accumulate } from "./blas.js";
import { slice } from "./roots.js";

const mn = (draw: Draw) => ({ m: draw.dimension(), n: draw.dimension() });
/** I − 2vvᵀ/‖v‖². */
function reflection(q: View): void {
  const v = Array.from({ length: q.rows }, (_, i) => 1 + ((i * 5) % 7));
  const square = v.reduce((sum, x) => sum + x * x, 0);
  for (let i = 0; i < q.rows; i++) for (let j = 0; j < q.rows; j++) q.array[q.at(i, j)] = Number(i === j) - (2 * v[i]! * v[j]!) / square;
}
/** Steps that keep singular values near [0, 1]: Newton–Schulz of both orders, and Muon's. */
function polynomials(coefficients: View, draw: Draw): void {
  for (let step = 0; 3 * step < coefficients.rows; step++) {
    const row = draw.pick([1.5, -0.5, 0], [1.875, -1.25, 0.375], [3.4445, -4.775, 2.0315]);
    for (let k = 0; k < 3; k++) coefficients.array[coefficients.at(3 * step + k, 0)] = row[k]!;
  }
}

/** U·f(Σ)·Vᵀ, f the iterated polynomial. */
function checkSchulz(trial: Trial, test: Test, v: Values, a: View, out: View): void {
  if (a.rows * a.cols === 0) return;
  const matrix = dense(a);
  const { u, s, v: right } = hestenes(matrix);
  const divisor = v.safety * size(matrix) + v.epsilon;
  let growth = 1; // of a relative error of A
  const mapped = Array.from(s, (sigma) => {
    let y = divisor > 0 ? sigma / divisor : 0;
    let own = 1;
    for (let step = 0; step < v.steps; step++) {
      const [p, q, r] = [0, 1, 2].map((k) => v.coefficients.get(3 * step + k)) as [number, number, number];
      own *= Math.max(1, Math.abs(p + 3 * q * y ** 2 + 5 * r * y ** 4), Math.abs(p + q * y ** 2 + r * y ** 4));
      y = p * y + q * y ** 3 + r * y ** 5;
    }
    growth = Math.max(growth, own);
    return y;
  });
  const bound = 8 * trial.u * Math.sqrt(s.length) * growth * (v.steps + 1);
  if (!(bound < 0.01)) return;
  const scaled = fromElements(u.rows, s.length, (i, j) => u.get(i, j) * mapped[j]!);
  const vectors = fromElements(right.rows, s.length, (i, j) => right.get(i, j));
  test("‖X − U·f(Σ)·Vᵀ‖", distance(dense(out), product(scaled, vectors, false, true)), bound * (1 + Math.max(...mapped.map(Math.abs))));
}

/** U·Vᵀ without the null space. */
function checkPolar(trial: Trial, test: Test, a: View, out: View): void {
  const [m, n] = [a.rows, a.cols];
  if (m * n === 0) return;
  const { u, s, v } = hestenes(dense(a));
  const cut = Math.max(m, n) * 2 ** -52 * s[0]!;
  if (s.some((x) => x > cut / 1e3 && x < 1e3 * cut)) return; // rounding decides whether it counts
  const rank = s.filter((x) => x > cut).length;
  const part = (x: ReturnType<typeof dense>) => fromElements(x.rows, rank, (i, j) => x.get(i, j));
  const condition = rank ? s[0]! / s[rank - 1]! : 1;
  const bound = 1e-10 + level(trial, 1) + 2e-14 * condition * Math.max(m, n);
  test("‖X − U·Vᵀ‖", distance(dense(out), product(part(u), part(v), false, true)), bound);
}

const written: Outputs = { out: true };

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
    check: reference((v) => {
      const x = (i: number, j: number) => (j === v.n ? 1 : v.x.get(i, j));
      const term = (i: number, j: number, l: number) => (v.axis === "rows" ? v.x.get(i, l) * v.x.get(j, l) : x(l, i) * x(l, j));
      accumulate(v.factor, v, v.axis === "rows" ? v.n : v.m, term, true);
    }),
  },
  KroneckerFactorsUpdate: {
    values: (draw) => ({ ...mn(draw), alpha: draw.scalar(), beta: draw.scalar() }),
    shapes: ({ m, n }) => ({ g: [m, n], left: [m, m], right: [n, n] }),
    check: reference((v) => {
      accumulate(v.left, v, v.n, (i, j, l) => v.g.get(i, l) * v.g.get(j, l), true);
      accumulate(v.right, v, v.m, (i, j, l) => v.g.get(l, i) * v.g.get(l, j), true);
    }),
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
    check: reference(
      (v: Values) => {
        const left = op(v.transL, v.left ?? undefined);
        const right = op(v.transR, v.right ?? undefined);
        // The product, and the same of absolute values.
        const rows = Array.from({ length: v.m }, (_, i) =>
          Array.from({ length: v.gCols }, (_, c) => {
            let [sum, magnitude] = [0, 0];
            for (let r = 0; r < v.gRows; r++) {
              if (!v.left && r !== i) continue;
              sum += left(i, r) * v.g.get(r, c);
              magnitude += Math.abs(left(i, r) * v.g.get(r, c));
            }
            return [sum, magnitude] as const;
          }),
        );
        for (let i = 0; i < v.m; i++) {
          for (let j = 0; j < v.n; j++) {
            let [sum, magnitude] = [0, 0];
            for (let c = 0; c < v.gCols; c++) {
              if (!v.right && c !== j) continue;
              sum += rows[i]![c]![0] * right(c, j);
              magnitude += rows[i]![c]![1] * Math.abs(right(c, j));
            }
            v.out.set(i, j, sum, (v.gRows + v.gCols + 2) * magnitude);
          }
        }
      },
      { spreads: true },
    ),
  },
  EigenbasisRefresh: {
    values: (draw) => ({ sorted: draw.boolean(), n: draw.dimension(), ...(draw.boolean() ? {} : { overlap: null }) }),
    shapes: ({ n, overlap }) => ({ a: [n, n], q: [n, n], rayleigh: [n, 1], overlap: overlap === null ? undefined : [n, n] }),
    fill: ({ a, q }) => {
      for (let i = 0; i < a.rows; i++) {
        for (let j = 0; j < i; j++) a.array[a.at(j, i)] = a.get(i, j);
        a.array[a.at(i, i)] = 4 * (1 + (i % 5)) * (a.rows + 1);
      }
      reflection(q);
    },
    check: identity({ q: true, rayleigh: true, overlap: true }, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      const [a, old, q] = [dense(before.a), dense(before.q), dense(v.q)];
      const aq = product(a, old);
      const accuracy = level(trial, v.n);
      for (let j = 0; j < v.n; j++) {
        let quotient = 0;
        for (let i = 0; i < v.n; i++) quotient += old.get(i, j) * aq.get(i, j);
        test(`Rayleigh quotient ${j}`, Math.abs(v.rayleigh.get(j) - quotient), accuracy * size(a) * size(old) ** 2);
      }
      test("‖QᵀQ − I‖", skewness(q), accuracy);
      // A·Q = Q'·R with R triangular in the order in which the columns were taken, its diagonal positive.
      const order = Array.from({ length: v.n }, (_, i) => i);
      if (v.sorted) order.sort((i, j) => v.rayleigh.get(j) - v.rayleigh.get(i));
      const r = product(q, aq, true);
      test("‖A·Q − Q'·R‖", distance(aq, product(q, r)), accuracy * size(aq));
      let below = 0;
      for (let i = 0; i < v.n; i++) {
        for (let j = 0; j < i; j++) below = Math.max(below, Math.abs(r.get(order[i]!, order[j]!)));
        test(`the direction of column ${i}`, -r.get(i, i), accuracy * size(aq));
      }
      test("R below its diagonal", below, accuracy * size(aq));
      if (!v.overlap) return;
      const overlap = product(old, q, true);
      const squares = fromElements(v.n, v.n, (i, j) => overlap.get(i, j) ** 2);
      test("the overlap", distance(dense(v.overlap), squares), accuracy * Math.max(1, size(squares)));
    }),
  },
  NewtonSchulz: {
    values: (draw) => ({ steps: draw.integer(0, 4), safety: draw.pick(1, 1.01), epsilon: draw.pick(0, 1e-7), ...mn(draw) }),
    shapes: ({ steps, m, n }) => ({ coefficients: [3 * steps, 1], a: [m, n], out: [m, n] }),
    fill: ({ coefficients }, _, draw) => polynomials(coefficients, draw),
    check: identity(written, (trial, test) => {
      const before = trial.before();
      checkSchulz(trial, test, before, before.a, trial.after.out);
    }),
  },
  PolarFactor: {
    values: mn,
    shapes: ({ m, n }) => ({ a: [m, n], out: [m, n] }),
    check: identity(written, (trial, test) => checkPolar(trial, test, trial.before().a, trial.after.out)),
  },
  NewtonSchulzBatch: {
    values: (draw) => ({ steps: draw.integer(0, 4), safety: 1, epsilon: draw.pick(0, 1e-7), ...mn(draw), count: draw.integer(0, 3) }),
    shapes: ({ steps, m, n, count }) => ({ coefficients: [3 * steps, 1], a: [count * m * n, 1], out: [count * m * n, 1] }),
    fill: ({ coefficients }, _, draw) => polynomials(coefficients, draw),
    check: identity(written, (trial, test) => {
      const { after: v } = trial;
      const before = trial.before();
      for (let k = 0; k < v.count; k++) checkSchulz(trial, test, before, slice(before.a, k, v.m, v.n), slice(v.out, k, v.m, v.n));
    }),
  },
  PolarFactorBatch: {
    values: (draw) => ({ ...mn(draw), count: draw.integer(0, 3) }),
    shapes: ({ m, n, count }) => ({ a: [count * m * n, 1], out: [count * m * n, 1] }),
    check: identity(written, (trial, test) => {
      const { after: v } = trial;
      const { a } = trial.before();
      for (let k = 0; k < v.count; k++) checkPolar(trial, test, slice(a, k, v.m, v.n), slice(v.out, k, v.m, v.n));
    }),
  },
};
