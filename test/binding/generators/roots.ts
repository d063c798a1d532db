/** Inverse roots, cold and warm, against roots by Jacobi's rotations. */
import { binding } from "../../../lib/binding.js";
import { equal, identity, type Outputs, type Test } from "../checks.js";
import { type Draw, type Family, snapshot, type Values, View } from "../harness.js";
import { dense, distance, fromElements, jacobi, level, product, size, skewness, spectral, symmetric, transposed } from "../plain.js";
import type { Trial } from "../trial.js";

const damped = (draw: Draw) => ({
  p: draw.integer(1, 5),
  damping: draw.pick(0, 0.5, 2),
  relativeTo: draw.pick("absolute", "trace", "max"),
  small: draw.pick("refuse", "refuse", "floor", "pseudo-inverse"),
  threshold: draw.pick(1e-8, 1e-4),
});
/** With a method that goes with the other options. */
export const rootOptions = (draw: Draw) => {
  const options = damped(draw);
  const others = options.small !== "refuse" ? [] : options.p === 1 ? ["coupled-newton", "cholesky"] : ["coupled-newton"];
  return { ...options, method: draw.pick("auto", "eigh", ...others) };
};

/** AAᵀ-like: symmetric with a dominant diagonal, of several sizes. */
export function definite(a: View): void {
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < i; j++) a.array[a.at(j, i)] = a.get(i, j);
    a.array[a.at(i, i)] = (8 + 3 * (i % 3)) * (a.rows + 1);
  }
}

/** The k-th matrix of a stack. */
export const slice = (stack: View, k: number, rows: number, cols: number) =>
  new View(stack.array, stack.offset + k * rows * cols, Math.max(1, cols), rows, cols, stack.origin);

/** The inverse root of a damped matrix; undefined where rounding decides what it is. */
function exactRoot(trial: Trial, v: Values, a: ReturnType<typeof dense>) {
  const eigen = jacobi(a);
  const { values } = eigen;
  const n = values.length;
  const most = values[n - 1]!;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const c = v.damping * (v.relativeTo === "trace" ? mean : v.relativeTo === "max" ? most : 1);
  const cut = v.small === "refuse" ? 0 : v.threshold * (most + c);
  const accuracy = level(trial, n) * (size(a) + c);
  if (values.some((x) => Math.abs(x + c - cut) < 2 * accuracy)) return undefined;
  const kept = Array.from(values, (x) => (x + c > cut ? x + c : v.small === "floor" ? cut : 0));
  const least = Math.min(...kept.filter((x) => x > 0));
  if (!(accuracy < 0.01 * least)) return undefined;
  const root = spectral(eigen, (_, i) => (kept[i]! > 0 ? kept[i]! ** (-1 / v.p) : 0));
  return { root, c, values, accuracy, relative: accuracy / least };
}

/** Of one root and its report. `slack`: the relative error allowed beyond rounding. */
function checkRoot(trial: Trial, test: Test, v: Values, a: View, out: View, info: View, slack = 0): void {
  const n = a.rows;
  if (n === 0) return;
  const x = dense(out);
  test("‖X − Xᵀ‖", distance(x, transposed(x)), 0);
  const exact = exactRoot(trial, v, symmetric(a));
  if (!exact) return;
  const { root, c, values, accuracy, relative } = exact;
  const [least, most, damping, method, , residual] = Array.from({ length: 6 }, (_, i) => info.get(i));
  const newton = method === 3 ? n * residual! : 0;
  test("‖X − (A + cI)^(−1/p)‖", distance(x, root), (relative + slack + newton) * size(root));
  test("c", Math.abs(damping! - c), slack * c + (v.damping + 1) * accuracy);
  const known = (what: string, got: number, value: number, must: boolean) => {
    if (must || !Number.isNaN(got)) test(what, Math.abs(got - value), accuracy + slack * values[n - 1]!);
  };
  known("λmin", least!, values[0]!, method === 1);
  known("λmax", most!, values[n - 1]!, method === 1 || v.relativeTo === "max");
  const methods = { eigh: [1], cholesky: [2], "coupled-newton": [3], auto: [1, 2] }[v.method as string] ?? [1, 4];
  if (!methods.includes(method!)) throw new Error(`method ${method} of ${v.method}`);
}

/** That the same call writes the same bits. */
function repeatable(trial: Trial): void {
  const now = snapshot(trial.arrays.keys());
  trial.again(() => {
    for (const [array, copy] of now) if (copy.length) equal(array, copy, "what it writes the next time");
  });
}

const outputs: Outputs = { out: true, info: true };

export const both: NonNullable<Family["both"]> = {
  InverseRoot: {
    values: (draw) => ({ ...rootOptions(draw), n: draw.dimension() }),
    shapes: ({ n }) => ({ a: [n, n], out: [n, n], info: [6, 1] }),
    fill: ({ a }) => definite(a),
    check: identity(
      outputs,
      (trial, test) => {
        checkRoot(trial, test, trial.after, trial.before().a, trial.after.out, trial.after.info);
        repeatable(trial);
      },
      { failing: {} },
    ),
  },
  InverseRootBatch: {
    values: (draw) => ({ ...rootOptions(draw), n: draw.integer(0, 6), count: draw.integer(0, 3) }),
    shapes: ({ n, count }) => ({ a: [count * n * n, 1], out: [count * n * n, 1], info: [6 * count, 1] }),
    fill: ({ a }, { n, count }) => {
      for (let k = 0; k < count; k++) definite(slice(a, k, n, n));
    },
    check: identity(
      outputs,
      (trial, test) => {
        const { after: v } = trial;
        const { a } = trial.before();
        for (let k = 0; k < v.count; k++) {
          checkRoot(trial, test, v, slice(a, k, v.n, v.n), slice(v.out, k, v.n, v.n), slice(v.info, k, 6, 1));
        }
        repeatable(trial);
      },
      { partial: true },
    ),
  },
  WarmInverseRoot: {
    values: (draw) => ({ ...damped(draw), tolerance: draw.pick(1e-3, 1e-4), n: draw.dimension() }),
    shapes: ({ n }) => ({ a: [n, n], basis: [n, n], state: [7, 1], out: [n, n], info: [6, 1] }),
    // A new state, or that after a matrix a little different.
    fill: ({ a, basis, state }, v, draw) => {
      definite(a);
      for (let i = 0; i < 7; i++) state.array[state.at(i, 0)] = 0;
      const n = a.rows;
      if (n === 0 || draw.boolean()) return;
      const old = a.contiguous<Float64Array>();
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) old[i * n + j]! += ((((i + j) * 7) % 5) - 2) * 1e-3 * n;
      const { dWarmInverseRoot, sWarmInverseRoot } = binding;
      const warm = (a.array instanceof Float32Array ? sWarmInverseRoot : dWarmInverseRoot) as typeof dWarmInverseRoot;
      const kept = [basis.array as Float64Array, basis.offset, basis.ld, state.array as Float64Array, state.offset] as const;
      const options = [v.p, v.damping, v.relativeTo, v.small, v.threshold, v.tolerance] as const;
      warm(...options, n, old, 0, n, ...kept, old, 0, n, new Float64Array(6), 0);
    },
    check: identity(
      { ...outputs, basis: true, state: true },
      (trial, test) => {
        const { after: v } = trial;
        const before = trial.before();
        const { n } = v;
        repeatable(trial);
        const [a, w] = [dense(before.a), dense(before.basis)];
        const warm = before.state.get(0) > 0;
        // What a caller must keep: the factor symmetric, the state with its own basis.
        if (n === 0 || distance(a, transposed(a)) > 0 || (warm && skewness(w) > 1e-3)) return;
        if (Array.from({ length: 7 }, (_, i) => before.state.get(i)).some((x) => !(x >= 0 && x < 1e15))) return;
        const first = v.info.get(3) === 4;
        checkRoot(trial, test, v, before.a, v.out, v.info, first ? v.tolerance : 0);
        const age = v.state.get(0);
        const basis = dense(v.basis);
        if (!first) {
          const rotated = product(product(basis, symmetric(before.a)), basis, false, true);
          const off = fromElements(n, n, (i, j) => (i === j ? 0 : rotated.get(i, j)));
          test("‖W·Wᵀ − I‖", skewness(transposed(basis)), level(trial, n));
          test("‖W·A·Wᵀ − Λ‖", size(off), level(trial, n) * size(a));
          test("the age of a new basis", Math.abs(age - 1), 0);
        } else if (age > 1) test("a change of the basis", distance(basis, w), 0);
        else if (age === 1)
          test("‖W·Wᵀ − I‖ of a turned basis", skewness(transposed(basis)), Math.sqrt(n) * (0.1 * v.tolerance + level(trial, 1)));
        if (first && age > 0) test("the estimate", v.info.get(5), v.tolerance);
      },
      { failing: { state: (i) => i > 0 } },
    ),
  },
};
