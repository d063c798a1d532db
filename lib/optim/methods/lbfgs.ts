import { axpy, dot, scale } from "../../linalg/index.js";
import { allocate, Matrix, type Real } from "../../linalg/matrix.js";
import { Diagnostics } from "../diagnostics.js";
import { isFiniteMatrix } from "../elementwise.js";
import { Flat } from "../flat.js";
import { strongWolfe } from "../line-search.js";
import { defineMethod } from "../method.js";
import { checkHeader } from "../optimizer.js";
import { count, positive } from "../options.js";
import { type Schedule, schedule } from "../schedules.js";
import { restore, snapshot, stateBytes } from "../state.js";
import type { Optimizer, OptimizerState, Parameter, StateRecord } from "../types.js";

/**
 * L-BFGS (Liu & Nocedal 1989; Nocedal & Wright 2006, Algorithm 7.4) with a strong-Wolfe line search (Algorithms 3.5 and 3.6).
 * Full batch only: the closure must be the same deterministic function at every call of a step. `lr` is the first trial
 * step; a pair (s, y) enters the history when yᵀs > 0 by a margin.
 */
export const lbfgs = defineMethod({
  id: "lbfgs",
  title: "L-BFGS",
  reference: "Liu & Nocedal 1989; Nocedal & Wright 2006",
  shape: {
    lr: positive(1, "first trial step of the line search"),
    history: count(10, "pairs remembered"),
    armijo: positive(1e-4, "sufficient decrease c₁"),
    curvature: positive(0.9, "curvature condition c₂"),
    evaluations: count(25, "most closure calls of a line search"),
  },
  create(parameters, o): Optimizer {
    for (const key of ["decay", "clipNorm", "clipValue", "average"] as const) {
      if (o[key]) throw new TypeError(`lbfgs: option "${key}": a line search on the loss leaves no room for it`);
    }
    return new Lbfgs(parameters, o);
  },
});

interface LbfgsOptions {
  readonly lr: number;
  readonly history: number;
  readonly armijo: number;
  readonly curvature: number;
  readonly evaluations: number;
  readonly record: boolean;
  readonly nonFinite: "skip" | "throw";
  readonly schedule?: unknown;
}

class Lbfgs implements Optimizer {
  readonly method = "lbfgs";
  readonly diagnostics: Diagnostics;
  lr: number;
  #t = 0;
  readonly #flat: Flat;
  readonly #schedule: Schedule;
  /** Newest pair in row (pairs − 1) mod history. */
  readonly #state: { s: Matrix<Real>; y: Matrix<Real>; pairs: number };
  readonly #direction: Real;
  readonly #start: Real;
  readonly #gradient: Real;
  readonly #alpha: Float64Array;

  constructor(
    readonly parameters: readonly Parameter<Real>[],
    private readonly options: LbfgsOptions,
  ) {
    this.diagnostics = new Diagnostics(options.record);
    this.lr = options.lr;
    this.#schedule = schedule(options.schedule as Schedule | undefined);
    this.#flat = new Flat(parameters);
    const { size, value } = this.#flat;
    const vector = () => allocate(size, value.data);
    const pairs = () => new Matrix(allocate(options.history * size, value.data), options.history, size);
    this.#state = { s: pairs(), y: pairs(), pairs: 0 };
    this.#direction = vector();
    this.#start = vector();
    this.#gradient = vector();
    this.#alpha = new Float64Array(options.history);
  }

  step(closure?: () => number): void {
    if (!closure) throw new TypeError("lbfgs: step(closure) needs a closure that recomputes the gradients and returns the loss");
    const flat = this.#flat;
    const x = flat.value.data;
    const g = flat.gradient.data;
    this.#t++;
    flat.gatherValue();
    const loss = closure();
    flat.gatherGradient();
    if (!Number.isFinite(loss) || !isFiniteMatrix(flat.gradient)) {
      this.diagnostics.nonFiniteGradients++;
      if (this.options.nonFinite === "throw") throw new Error("lbfgs: the loss or its gradient is not finite");
      return;
    }
    this.#start.set(x);
    this.#gradient.set(g);
    const evaluate = (alpha: number): { value: number; slope: number } => {
      x.set(this.#start);
      axpy(alpha, this.#direction, x);
      flat.scatterValue();
      const value = closure();
      flat.gatherGradient();
      return { value, slope: dot(g, this.#direction) };
    };
    // The history's direction; if the search fails there, steepest descent with an empty history.
    for (const attempt of [0, 1]) {
      if (attempt === 1) this.#state.pairs = 0;
      this.#descend();
      const slope = dot(this.#gradient, this.#direction);
      if (slope === 0) break;
      if (slope < 0) {
        const first = this.lr * this.#schedule(this.#t) * (this.#state.pairs === 0 ? Math.min(1, 1 / oneNorm(this.#gradient)) : 1);
        const { armijo, curvature, evaluations } = this.options;
        const found = strongWolfe(evaluate, { value: loss, slope }, { first, armijo, curvature, evaluations });
        if (found > 0) {
          this.#remember(found);
          return;
        }
      }
      this.diagnostics.rejectedUpdates++;
    }
    x.set(this.#start);
    flat.scatterValue();
  }

  /** direction ← −H g by the two-loop recursion. */
  #descend(): void {
    const { s, y, pairs } = this.#state;
    const { history } = this.options;
    const d = this.#direction;
    d.set(this.#gradient);
    scale(-1, d);
    const stored = Math.min(pairs, history);
    for (let k = 1; k <= stored; k++) {
      const i = (pairs - k) % history;
      this.#alpha[i] = dot(s.rowArray(i), d) / dot(s.rowArray(i), y.rowArray(i));
      axpy(-this.#alpha[i]!, y.rowArray(i), d);
    }
    if (stored > 0) {
      const i = (pairs - 1) % history;
      scale(dot(s.rowArray(i), y.rowArray(i)) / dot(y.rowArray(i), y.rowArray(i)), d);
    }
    for (let k = stored; k >= 1; k--) {
      const i = (pairs - k) % history;
      const beta = dot(y.rowArray(i), d) / dot(s.rowArray(i), y.rowArray(i));
      axpy(this.#alpha[i]! - beta, s.rowArray(i), d);
    }
  }

  /** Takes the pair of the accepted step in. The weights and gradient are those of the last evaluation, at step `alpha`. */
  #remember(alpha: number): void {
    const { s, y, pairs } = this.#state;
    const i = pairs % this.options.history;
    const pairS = s.rowArray(i);
    const pairY = y.rowArray(i);
    const ys = alpha * (dot(this.#flat.gradient.data, this.#direction) - dot(this.#gradient, this.#direction));
    const roundoff = pairS instanceof Float64Array ? 2 ** -52 : 2 ** -23;
    // y = g⁺ − g; refused before it overwrites the oldest pair.
    let yy = 0;
    for (let k = 0; k < pairY.length; k++) yy += (this.#flat.gradient.data[k]! - this.#gradient[k]!) ** 2;
    if (!(ys > roundoff * yy)) return;
    pairS.set(this.#direction);
    scale(alpha, pairS);
    pairY.set(this.#flat.gradient.data);
    axpy(-1, this.#gradient, pairY);
    this.#state.pairs = pairs + 1;
  }

  async ready(): Promise<void> {}

  averaged(): null {
    return null;
  }

  state(): OptimizerState {
    const shared = snapshot(this.#state) as StateRecord;
    const parameters = Object.fromEntries(this.parameters.map(({ name, value }) => [name, { rows: value.rows, cols: value.cols }]));
    return { method: this.method, version: 1, t: this.#t, lr: this.lr, parameters, shared };
  }

  load(state: OptimizerState): void {
    checkHeader(this.method, state, this.parameters);
    for (const { name, value } of this.parameters) {
      const { rows, cols } = state.parameters[name]!;
      if (rows !== value.rows || cols !== value.cols) {
        throw new Error(`checkpoint: entry "${name}" is for a ${rows}×${cols} weight, this one is ${value.rows}×${value.cols}`);
      }
    }
    restore(this.#state, state.shared, "shared", true);
    restore(this.#state, state.shared, "shared");
    this.#t = state.t;
    this.lr = state.lr;
  }

  memory(): Record<string, number> {
    const each = stateBytes(this.#state) / Math.max(1, this.#flat.size);
    return Object.fromEntries(this.parameters.map(({ name, value }) => [name, each * value.rows * value.cols]));
  }
}

function oneNorm(x: Real): number {
  let sum = 0;
  for (const v of x) sum += Math.abs(v);
  return sum || 1;
}
