import { axpy, dot } from "../../linalg/index.js";
import { allocate, type Real } from "../../linalg/matrix.js";
import { Diagnostics } from "../diagnostics.js";
import { isFiniteMatrix } from "../elementwise.js";
import { Flat } from "../flat.js";
import { strongWolfe } from "../line-search.js";
import { defineMethod } from "../method.js";
import { count, positive } from "../options.js";
import { checkGradients, checkHeader, lossOf } from "../parameters.js";
import { Pairs } from "../quasi-newton.js";
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
    if (!(o.armijo < o.curvature && o.curvature < 1))
      throw new RangeError(`lbfgs: option "armijo" must be below "curvature", and that below 1, got ${o.armijo} and ${o.curvature}`);
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
  readonly #pairs: Pairs;
  readonly #direction: Real;
  readonly #start: Real;
  readonly #gradient: Real;

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
    this.#pairs = new Pairs(options.history, size, value.data);
    this.#direction = vector();
    this.#start = vector();
    this.#gradient = vector();
  }

  step(closure?: () => number): void {
    if (!closure) throw new TypeError("lbfgs: step(closure) needs a closure that recomputes the gradients and returns the loss");
    const flat = this.#flat;
    const x = flat.value.data;
    const g = flat.gradient.data;
    checkGradients("lbfgs", this.parameters);
    this.#t++;
    flat.gatherValue();
    const loss = lossOf("lbfgs", closure);
    flat.gatherGradient();
    this.diagnostics.missingGradients += flat.missing;
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
      if (!isFiniteMatrix(flat.value)) return { value: Number.POSITIVE_INFINITY, slope: Number.NaN };
      flat.scatterValue();
      const value = this.#called(closure);
      flat.gatherGradient();
      return { value, slope: dot(g, this.#direction) };
    };
    // The history's direction; if the search fails there, steepest descent with an empty history.
    for (const attempt of [0, 1]) {
      if (attempt === 1) this.#pairs.state.pairs = 0;
      this.#pairs.descend(this.#gradient, this.#direction);
      const slope = dot(this.#gradient, this.#direction);
      if (slope === 0) break;
      if (slope < 0) {
        const first = this.lr * this.#schedule(this.#t) * (this.#pairs.state.pairs === 0 ? Math.min(1, 1 / oneNorm(this.#gradient)) : 1);
        const { armijo, curvature, evaluations } = this.options;
        const found = strongWolfe(evaluate, { value: loss, slope }, { first, armijo, curvature, evaluations });
        if (found > 0) {
          this.#pairs.remember(found, this.#direction, this.#gradient, g);
          return;
        }
      }
      this.diagnostics.rejectedUpdates++;
    }
    x.set(this.#start);
    flat.scatterValue();
  }

  /** The loss at a trial point; an error goes up with the weights back where the step began. */
  #called(closure: () => number): number {
    try {
      return closure();
    } catch (error) {
      this.#flat.value.data.set(this.#start);
      this.#flat.scatterValue();
      throw error;
    }
  }

  async ready(): Promise<void> {}

  averaged(): null {
    return null;
  }

  state(): OptimizerState {
    const shared = snapshot(this.#pairs.state) as StateRecord;
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
    restore(this.#pairs.state, state.shared, "shared", true);
    restore(this.#pairs.state, state.shared, "shared");
    this.#t = state.t;
    this.lr = state.lr;
  }

  memory(): Record<string, number> {
    const each = stateBytes(this.#pairs.state) / Math.max(1, this.#flat.size);
    return Object.fromEntries(this.parameters.map(({ name, value }) => [name, each * value.rows * value.cols]));
  }
}

function oneNorm(x: Real): number {
  let sum = 0;
  for (const v of x) sum += Math.abs(v);
  return sum || 1;
}
