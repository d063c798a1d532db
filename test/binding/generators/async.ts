import { binding } from "../../../lib/binding.js";
import { twin } from "../checks.js";
import type { Draw, Family, Numbers, Routine, Values, View } from "../harness.js";
import { definite, rootOptions, slice } from "./roots.js";

/** Some are taken back at once. */
const call: Routine["call"] = async (routine, args) => {
  const { promise, cancel } = routine(...args) as { promise: Promise<unknown>; cancel(): boolean };
  const last = args.findLast((x) => ArrayBuffer.isView(x)) as Numbers | undefined;
  if ((last?.length ?? 0) % 4 === 3 && cancel()) {
    await promise.then(
      () => {
        throw new Error("was computed after it had been taken back");
      },
      (error) => {
        throw error;
      },
    );
  }
  return promise;
};
const mn = (draw: Draw) => ({ m: draw.dimension(), n: draw.dimension() });
const square = (draw: Draw) => ({ n: draw.dimension() });

type Floats = Float64Array | Float32Array;
// biome-ignore lint/suspicious/noExplicitAny: arguments are those of binding.d.ts
type Sync = (name: string, ...args: any[]) => any;

/** The synchronous routine on contiguous copies; `make(n)` is a new array of the same precision. */
const sync = (body: (call: Sync, v: Values, make: (n: number) => Floats, copy: (view: View) => Floats) => unknown, main = "a") =>
  twin((v) => {
    const Type = v[main].array.constructor as Float64ArrayConstructor;
    const letter = v[main].array instanceof Float32Array ? "s" : "d";
    const routine: Sync = (name, ...args) => (binding as unknown as Record<string, (...all: unknown[]) => unknown>)[letter + name](...args);
    return body(
      routine,
      v,
      (n) => new Type(n),
      (view) => view.contiguous<Floats>(),
    );
  });
const least = (n: number) => Math.max(1, n);
const rootArguments = (v: Values) => [v.p, v.damping, v.relativeTo, v.small, v.threshold, v.method, v.n];
function dominant(a: View): void {
  for (let j = 0; j < a.rows; j++) a.array[a.at(j, j)] = 8 * (a.rows + 1);
}

export const both: NonNullable<Family["both"]> = {
  gemmAsync: {
    values: (draw) => ({ transA: draw.boolean(), transB: draw.boolean(), ...mn(draw), k: draw.dimension(), alpha: draw.scalar() }),
    shapes: ({ transA, transB, m, n, k }) => ({ a: transA ? [k, m] : [m, k], b: transB ? [n, k] : [k, n] }),
    call,
    check: sync((call, { transA, transB, m, n, k, alpha, a, b }, make, copy) => {
      const c = make(m * n);
      call("gemm", transA, transB, m, n, k, alpha, copy(a), 0, least(a.cols), copy(b), 0, least(b.cols), 0, c, 0, least(n));
      return c;
    }),
  },
  syrkAsync: {
    values: (draw) => ({ trans: draw.boolean(), ...square(draw), k: draw.dimension(), alpha: draw.scalar() }),
    shapes: ({ trans, n, k }) => ({ a: trans ? [k, n] : [n, k] }),
    call,
    check: sync((call, { trans, n, k, alpha, a }, make, copy) => {
      const c = make(n * n);
      call("syrk", trans, n, k, alpha, copy(a), 0, least(a.cols), 0, c, 0, least(n));
      return c;
    }),
  },
  syevdAsync: {
    values: (draw) => ({ vectors: draw.boolean(), ...square(draw) }),
    shapes: ({ n }) => ({ a: [n, n] }),
    call,
    check: sync((call, { vectors, n, a }, make, copy) => {
      const [q, values] = [copy(a), make(n)];
      call("syevd", vectors, n, q, 0, least(n), values, 0);
      return vectors ? { values, vectors: q } : { values };
    }),
  },
  potrfAsync: {
    values: square,
    shapes: ({ n }) => ({ a: [n, n] }),
    fill: ({ a }) => dominant(a),
    call,
    check: sync((call, { n, a }, _make, copy) => {
      const l = copy(a);
      call("potrf", true, true, n, l, 0, least(n));
      return l;
    }),
  },
  potrsAsync: {
    values: (draw) => ({ n: draw.dimension(), nrhs: draw.dimension() }),
    shapes: ({ n, nrhs }) => ({ factor: [n, n], b: [n, nrhs] }),
    fill: ({ factor }) => dominant(factor),
    call,
    check: sync((call, { n, nrhs, factor, b }, _make, copy) => {
      const x = copy(b);
      call("potrs", true, n, nrhs, copy(factor), 0, least(n), x, 0, least(nrhs));
      return x;
    }, "factor"),
  },
  potriAsync: {
    values: square,
    shapes: ({ n }) => ({ a: [n, n] }),
    fill: ({ a }) => dominant(a),
    call,
    check: sync((call, { n, a }, _make, copy) => {
      const x = copy(a);
      call("potri", true, n, x, 0, least(n));
      return x;
    }),
  },
  getrfAsync: {
    values: mn,
    shapes: ({ m, n }) => ({ a: [m, n] }),
    call,
    check: sync((call, { m, n, a }, _make, copy) => {
      const [lu, pivots] = [copy(a), new Int32Array(Math.min(m, n))];
      const singular = call("getrf", m, n, lu, 0, least(n), pivots, 0);
      return { lu, pivots, singular };
    }),
  },
  qrAsync: {
    values: mn,
    shapes: ({ m, n }) => ({ a: [m, n] }),
    call,
    check: sync((call, { m, n, a }, make, copy) => {
      const k = Math.min(m, n);
      const [q, r] = [make(m * k), make(k * n)];
      call("qr", m, n, copy(a), 0, least(n), q, 0, least(k), r, 0, least(n));
      return { q, r };
    }),
  },
  gesddAsync: {
    values: (draw) => ({ job: draw.pick("values", "thin", "full"), ...mn(draw) }),
    shapes: ({ m, n }) => ({ a: [m, n] }),
    call,
    check: sync((call, { job, m, n, a }, make, copy) => {
      const k = Math.min(m, n);
      const s = make(k);
      if (job === "values") {
        call("gesdd", job, m, n, copy(a), 0, least(n), s, 0);
        return { s };
      }
      const [rows, cols] = job === "full" ? [n, m] : [k, k];
      const [u, vt] = [make(m * cols), make(rows * n)];
      call("gesdd", job, m, n, copy(a), 0, least(n), s, 0, u, 0, least(cols), vt, 0, least(n));
      return { u, s, vt };
    }),
  },
  gesvAsync: {
    values: (draw) => ({ n: draw.dimension(), nrhs: draw.dimension() }),
    shapes: ({ n, nrhs }) => ({ a: [n, n], b: [n, nrhs] }),
    fill: ({ a }) => dominant(a),
    call,
    check: sync((call, { n, nrhs, a, b }, _make, copy) => {
      const x = copy(b);
      call("gesv", n, nrhs, copy(a), 0, least(n), x, 0, least(nrhs));
      return x;
    }),
  },
  gelsdAsync: {
    values: (draw) => ({ ...mn(draw), nrhs: draw.dimension(), rcond: draw.pick(-1, 0, 1e-6) }),
    shapes: ({ m, n, nrhs }) => ({ a: [m, n], b: [m, nrhs] }),
    call,
    check: sync((call, { m, n, nrhs, rcond, a, b }, make, copy) => {
      const [x, s] = [make(n * nrhs), make(Math.min(m, n))];
      const rank = call("gelsd", m, n, nrhs, copy(a), 0, least(n), copy(b), 0, least(nrhs), x, 0, least(nrhs), s, 0, rcond);
      return { x, s, rank };
    }),
  },
  InverseRootBatchAsync: {
    values: (draw) => ({ ...rootOptions(draw), n: draw.integer(0, 6), count: draw.integer(0, 3) }),
    shapes: ({ n, count }) => ({ a: [count * n * n, 1] }),
    fill: ({ a }, { n, count }) => {
      for (let k = 0; k < count; k++) definite(slice(a, k, n, n));
    },
    call,
    check: sync((call, v, make, copy) => {
      const [roots, info] = [make(v.count * v.n * v.n), new Float64Array(6 * v.count)];
      call("InverseRootBatch", ...rootArguments(v), v.count, copy(v.a), 0, roots, 0, info, 0);
      return { roots, info };
    }),
  },
  InverseRootAsync: {
    values: (draw) => ({ ...rootOptions(draw), ...square(draw) }),
    shapes: ({ n }) => ({ a: [n, n] }),
    fill: ({ a }) => definite(a),
    call,
    check: sync((call, v, make, copy) => {
      const [out, info] = [make(v.n * v.n), new Float64Array(6)];
      call("InverseRoot", ...rootArguments(v), copy(v.a), 0, least(v.n), out, 0, least(v.n), info, 0);
      return { root: out, info };
    }),
  },
  NewtonSchulzAsync: {
    values: (draw) => ({ steps: draw.integer(0, 5), safety: 1, epsilon: 1e-7, ...mn(draw) }),
    shapes: ({ steps, m, n }) => ({ coefficients: [3 * steps, 1], a: [m, n] }),
    fill: ({ coefficients }) => {
      for (let i = 0; i < coefficients.rows; i++) coefficients.array[coefficients.at(i, 0)] = [1.5, -0.5, 0][i % 3]!;
    },
    call,
    check: sync((call, { steps, coefficients, safety, epsilon, m, n, a }, make, copy) => {
      const out = make(m * n);
      call("NewtonSchulz", steps, coefficients.contiguous(), 0, safety, epsilon, m, n, copy(a), 0, least(n), out, 0, least(n));
      return out;
    }),
  },
  PolarFactorAsync: {
    values: mn,
    shapes: ({ m, n }) => ({ a: [m, n] }),
    call,
    check: sync((call, { m, n, a }, make, copy) => {
      const out = make(m * n);
      call("PolarFactor", m, n, copy(a), 0, least(n), out, 0, least(n));
      return out;
    }),
  },
};
