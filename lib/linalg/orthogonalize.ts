import { routines } from "../binding.js";
import { leading, matrixInto, requireKnown } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Real } from "./matrix.js";

/** One odd quintic per step, σ ← aσ + bσ³ + cσ⁵: rows (a, b, c). */
export type Quintics = readonly (readonly [a: number, b: number, c: number])[];

/** Muon's quintic (Jordan 2024), the same at every step: singular values land in about [0.7, 1.2], not at 1. */
export const newtonSchulzQuintic: Quintics = [[3.4445, -4.775, 2.0315]];

/**
 * Polar Express (Amsel et al. 2025, arXiv 2505.16932): minimax quintics for singular values in [1e-3, 1], with the safety
 * factor 1.01 folded in; the last one, which converges to 1 exactly, is repeated.
 */
export const polarExpressQuintics: Quintics = [
  [8.28721201814563, -23.595886519098837, 17.300387312530933],
  [4.107059111542203, -2.9478499167379106, 0.5448431082926601],
  [3.9486908534822946, -2.908902115962949, 0.5518191394370137],
  [3.3184196573706015, -2.488488024314874, 0.51004894012372],
  [2.300652019954817, -1.6689039845747493, 0.4188073119525673],
  [1.891301407787398, -1.2679958271945868, 0.37680408948524835],
  [1.8750014808534479, -1.2500016453999487, 0.3750001645474248],
  [1.875, -1.25, 0.375],
];

/** Options of {@link orthogonalize}. */
export interface OrthogonalizeOptions<T extends Real> {
  /** "newton-schulz": Muon's five quintic steps. "polar-express": minimax quintics. "exact": UVᵀ. Default "newton-schulz". */
  readonly method?: "newton-schulz" | "polar-express" | "exact";
  /** Steps of the iterations. Default 5; Polar Express is exact to about 1e-3 for σ ≥ 1e-3·‖A‖_F after 8. */
  readonly steps?: number;
  /** Other quintics for the iterations; the last row is repeated when there are more steps. */
  readonly quintics?: Quintics;
  /** Added to the Frobenius norm that the iterations divide by. Default 1e-7. */
  readonly epsilon?: number;
  /** The same shape as `a`; may be `a`. */
  readonly out?: Matrix<T>;
}

const OPTIONS = ["method", "steps", "quintics", "epsilon", "out"];
const ASYNC_OPTIONS = ["method", "steps", "quintics", "epsilon", "signal"];

const tables = new Map<string, Float64Array>();

function table(quintics: Quintics, steps: number, cut: number): Float64Array {
  const out = new Float64Array(3 * steps);
  for (let i = 0; i < steps; i++) {
    const [a, b, c] = quintics[Math.min(i, quintics.length - 1)]!;
    // A safety factor s inside the polynomial: p(σ/s), so that rounding cannot carry σ past the interval's end.
    const s = i < cut ? 1.01 : 1;
    out.set([a / s, b / s ** 3, c / s ** 5], 3 * i);
  }
  return out;
}

function coefficients(method: string, steps: number, quintics: Quintics | undefined): Float64Array {
  if (quintics) return table(quintics, steps, 0);
  const key = `${method} ${steps}`;
  let out = tables.get(key);
  if (!out) {
    const express = method === "polar-express";
    out = table(express ? polarExpressQuintics : newtonSchulzQuintic, steps, express ? polarExpressQuintics.length - 1 : 0);
    tables.set(key, out);
  }
  return out;
}

/**
 * The polar factor UVᵀ of A = UΣVᵀ (m×n), exactly or by a fixed number of odd quintic steps on A/(‖A‖_F + ε). All methods
 * work on the Gram matrix of the smaller side; symmetric products take half the flops. Directions with σ ≤ max(m, n)·ε·σmax
 * are left out by "exact"; A = 0 gives 0.
 *
 * "exact" computes in double precision for either storage; its error is below 1e-10.
 * @throws Error with code ERR_NOT_FINITE or ERR_NO_CONVERGENCE; TypeError on mixed precisions and unknown options; RangeError on shapes.
 */
export function orthogonalize<T extends Real>(a: Matrix<T>, options: OrthogonalizeOptions<T> = {}): Matrix<T> {
  requireKnown("orthogonalize", options, OPTIONS);
  const out = matrixInto("orthogonalize", "out", a.rows, a.cols, a.data, options.out);
  const { rows: m, cols: n } = a;
  const native = routines(a.data);
  if (options.method === "exact") native.PolarFactor(m, n, a.data, a.offset, leading(a), out.data, out.offset, leading(out));
  else native.NewtonSchulz(...iteration("orthogonalize", options), m, n, a.data, a.offset, leading(a), out.data, out.offset, leading(out));
  return out;
}

/**
 * {@link orthogonalize} of many matrices of `rows` rows in one call; `a` stacks them, row block after row block:
 * (count·rows)×n, contiguous. For networks of many small layers of one shape.
 * @param options `out`: the same shape; may be `a`.
 * @throws as orthogonalize, the message naming the matrix; nothing is written where one is not finite. RangeError when `a` is
 * not a stack of matrices of that many rows without gaps.
 */
export function orthogonalizeStack<T extends Real>(a: Matrix<T>, rows: number, options: OrthogonalizeOptions<T> = {}): Matrix<T> {
  requireKnown("orthogonalizeStack", options, OPTIONS);
  const { cols } = a;
  const out = matrixInto("orthogonalizeStack", "out", a.rows, cols, a.data, options.out);
  if (!Number.isInteger(rows) || rows < 1 || a.rows % rows !== 0) {
    throw new RangeError(`orthogonalizeStack: a must stack matrices of ${rows} rows, got ${a.rows} rows`);
  }
  if (!a.contiguous || !out.contiguous) throw new RangeError("orthogonalizeStack: a and out must be contiguous");
  const count = a.rows / rows;
  const native = routines(a.data);
  if (options.method === "exact") native.PolarFactorBatch(rows, cols, count, a.data, a.offset, out.data, out.offset);
  else native.NewtonSchulzBatch(...iteration("orthogonalizeStack", options), rows, cols, count, a.data, a.offset, out.data, out.offset);
  return out;
}

/** As {@link orthogonalize}, on the thread pool; see {@link Cancellable}. */
export function orthogonalizeAsync<T extends Real>(
  a: Matrix<T>,
  options: Omit<OrthogonalizeOptions<T>, "out"> & Cancellable = {},
): Promise<Matrix<T>> {
  requireKnown("orthogonalizeAsync", options, ASYNC_OPTIONS);
  const { rows: m, cols: n } = a;
  const native = routines(a.data);
  return run(
    options,
    () =>
      options.method === "exact"
        ? native.PolarFactorAsync(m, n, a.data, a.offset, leading(a))
        : native.NewtonSchulzAsync(...iteration("orthogonalizeAsync", options), m, n, a.data, a.offset, leading(a)),
    (x) => new Matrix(x, m, n),
  );
}

/** The first arguments of the iterations. */
function iteration(name: string, options: OrthogonalizeOptions<Real>): [number, Float64Array, number, number, number] {
  const { method = "newton-schulz", steps = 5, quintics, epsilon = 1e-7 } = options;
  if (method !== "newton-schulz" && method !== "polar-express") {
    throw new RangeError(`${name}: method must be one of "newton-schulz", "polar-express", "exact", got ${JSON.stringify(method)}`);
  }
  if (!Number.isInteger(steps) || steps < 0 || steps > 1000) {
    throw new RangeError(`${name}: steps must be an integer in [0, 1000], got ${steps}`);
  }
  return [steps, coefficients(method, steps, quintics), 0, method === "polar-express" ? 1.01 : 1, epsilon];
}
