import type { Draw, Family, Routine } from "../harness.js";

/** What a promise rejects with is tested elsewhere; here the calls are what matters, and that the process lives. */
const call: Routine["call"] = (routine, args) => {
  const { promise, cancel } = routine(...args) as { promise: Promise<unknown>; cancel(): boolean };
  promise.catch(() => {});
  if (args.length % 2) cancel();
  return promise;
};
const mn = (draw: Draw) => ({ m: draw.dimension(), n: draw.dimension() });
const square = (draw: Draw) => ({ n: draw.dimension() });

export const both: NonNullable<Family["both"]> = {
  gemmAsync: {
    values: (draw) => ({ transA: draw.boolean(), transB: draw.boolean(), ...mn(draw), k: draw.dimension(), alpha: draw.scalar() }),
    shapes: ({ transA, transB, m, n, k }) => ({ a: transA ? [k, m] : [m, k], b: transB ? [n, k] : [k, n] }),
    call,
  },
  syrkAsync: {
    values: (draw) => ({ trans: draw.boolean(), ...square(draw), k: draw.dimension(), alpha: draw.scalar() }),
    shapes: ({ trans, n, k }) => ({ a: trans ? [k, n] : [n, k] }),
    call,
  },
  syevdAsync: { values: (draw) => ({ vectors: draw.boolean(), ...square(draw) }), shapes: ({ n }) => ({ a: [n, n] }), call },
  potrfAsync: { values: square, shapes: ({ n }) => ({ a: [n, n] }), call },
  potrsAsync: {
    values: (draw) => ({ n: draw.dimension(), nrhs: draw.dimension() }),
    shapes: ({ n, nrhs }) => ({ factor: [n, n], b: [n, nrhs] }),
    call,
  },
  potriAsync: { values: square, shapes: ({ n }) => ({ a: [n, n] }), call },
  getrfAsync: { values: mn, shapes: ({ m, n }) => ({ a: [m, n] }), call },
  qrAsync: { values: mn, shapes: ({ m, n }) => ({ a: [m, n] }), call },
  gesddAsync: {
    values: (draw) => ({ job: draw.pick("values", "thin", "full"), ...mn(draw) }),
    shapes: ({ m, n }) => ({ a: [m, n] }),
    call,
  },
  gesvAsync: {
    values: (draw) => ({ n: draw.dimension(), nrhs: draw.dimension() }),
    shapes: ({ n, nrhs }) => ({ a: [n, n], b: [n, nrhs] }),
    call,
  },
  gelsdAsync: {
    values: (draw) => ({ ...mn(draw), nrhs: draw.dimension(), rcond: draw.pick(-1, 0, 1e-6) }),
    shapes: ({ m, n, nrhs }) => ({ a: [m, n], b: [m, nrhs] }),
    call,
  },
  InverseRootBatchAsync: {
    values: (draw) => ({
      p: draw.integer(1, 4),
      damping: draw.pick(0, 0.5),
      relativeTo: draw.pick("absolute", "trace", "max"),
      small: draw.pick("refuse", "floor", "pseudo-inverse"),
      threshold: 1e-8,
      method: draw.pick("auto", "eigh"),
      n: draw.integer(0, 6),
      count: draw.integer(0, 3),
    }),
    shapes: ({ n, count }) => ({ a: [count * n * n, 1] }),
    call,
  },
  InverseRootAsync: {
    values: (draw) => ({
      p: draw.integer(1, 4),
      damping: draw.pick(0, 0.5),
      relativeTo: draw.pick("absolute", "trace", "max"),
      small: draw.pick("refuse", "floor", "pseudo-inverse"),
      threshold: 1e-8,
      method: draw.pick("auto", "eigh"),
      ...square(draw),
    }),
    shapes: ({ n }) => ({ a: [n, n] }),
    call,
  },
  NewtonSchulzAsync: {
    values: (draw) => ({ steps: draw.integer(0, 5), safety: 1, epsilon: 1e-7, ...mn(draw) }),
    shapes: ({ steps, m, n }) => ({ coefficients: [3 * steps, 1], a: [m, n] }),
    call,
  },
  PolarFactorAsync: { values: mn, shapes: ({ m, n }) => ({ a: [m, n] }), call },
};
