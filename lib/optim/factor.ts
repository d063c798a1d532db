import { axpy, scale, syrk } from "../linalg/index.js";
import { dtypeOf, Matrix, type Operand, type Real } from "../linalg/matrix.js";
import { isFiniteMatrix } from "./elementwise.js";
import { isMatrix } from "./parameters.js";
import { defaultPolicy, type FactorPolicy, type FactorState } from "./policy.js";
import { meanEigenvalue, type Solver, type Started, solveDiagonal, WARM_COUNTERS } from "./roots.js";
import type { Statistic, StepInfo } from "./types.js";

/** Failed refreshes in a row after which training stops with an error. */
export const MAX_FAILURES = 3;
/** Attempts with ten times more damping each. */
export const ESCALATIONS = 5;

/**
 * One axis of a preconditioner: `accumulate` a statistic, `refresh` the root (or eigenbasis), use it. Holds the policy;
 * the data of each parameter is a {@link FactorState}.
 */
export class Factor {
  readonly policy: FactorPolicy;
  readonly #copies = new Map<number, Workspace>();

  constructor(
    readonly side: "left" | "right",
    readonly solver: Solver,
    policy: Partial<FactorPolicy> = {},
  ) {
    this.policy = { ...defaultPolicy, ...policy };
  }

  init(dim: number, like: Matrix<Real>, diagonal = false): FactorState {
    const dtype = dtypeOf(like);
    const basis = this.solver.kind === "basis";
    const warm = this.policy.root === "warm" && !basis && !diagonal;
    const root = Matrix.zeros(diagonal ? (basis ? 0 : 1) : dim, dim, dtype);
    if (diagonal) root.fill(1);
    else for (let i = 0; i < dim; i++) root.set(i, i, 1);
    return {
      moment: Matrix.zeros(diagonal ? 1 : dim, dim, dtype),
      weight: 0,
      batches: 0,
      age: -1,
      failures: 0,
      ready: false,
      root,
      values: Matrix.zeros(basis ? 1 : 0, dim, dtype),
      reference: Matrix.zeros(this.policy.change > 0 ? (diagonal ? 1 : dim) : 0, dim, dtype),
      pending: Matrix.zeros(this.policy.lag > 0 ? (diagonal ? 1 : dim) : 0, dim, dtype),
      pendingDamping: 0,
      pendingAge: -1,
      basis: Matrix.zeros(warm ? dim : 0, dim, dtype),
      counters: Matrix.zeros(warm ? 1 : 0, WARM_COUNTERS),
    };
  }

  /** Takes in `factor · X Xᵀ` (X: dim×k, possibly a transposed view). */
  accumulate(state: FactorState, x: Operand<Real>, factor: number, step: StepInfo): void {
    const [keep, add] = this.#weights(state);
    syrk(x, { out: state.moment, alpha: add * factor, beta: keep });
    this.#settle(state, isFiniteDiagonal(state.moment), step);
  }

  /** Takes in an already averaged second moment (1×d: the diagonal of one). */
  accumulateMoment(state: FactorState, moment: Matrix<Real>, step: StepInfo, name = "statistic"): void {
    const target = state.moment;
    if (!isMatrix(moment)) throw new TypeError(`${name}: the moment must be a Matrix`);
    if (moment.rows !== target.rows || moment.cols !== target.cols) {
      throw new RangeError(`${name}: expected a ${target.rows}×${target.cols} moment, got ${moment.rows}×${moment.cols}`);
    }
    const finite = isFiniteMatrix(moment);
    const [keep, add] = this.#weights(state);
    if (finite) {
      if (keep === 0) target.copy(moment);
      scale(keep === 0 ? add : keep, target);
      if (keep !== 0) axpy(add, moment, target);
    }
    this.#settle(state, finite, step);
  }

  /** Takes in what a layer exposes. @throws RangeError naming it (`name`) when its shape is not the factor's. */
  accumulateStatistic(state: FactorState, statistic: Statistic, step: StepInfo, name = "statistic"): void {
    if ("moment" in statistic) {
      this.accumulateMoment(state, statistic.moment, step, name);
      return;
    }
    if ("diagonal" in statistic) {
      this.accumulateMoment(state, new Matrix(statistic.diagonal, 1, statistic.diagonal.length), step, name);
      return;
    }
    const { samples, scale: multiple = 1 } = statistic;
    if (!isMatrix(samples)) throw new TypeError(`${name}: expected { samples }, { moment } or { diagonal }`);
    if (samples.rows === 0) return;
    if (isDiagonal(state)) throw new RangeError(`${name}: expected a diagonal, as at the first step, got samples`);
    if (samples.cols !== state.moment.cols) {
      throw new RangeError(`${name}: expected samples with ${state.moment.cols} columns, got ${samples.rows}×${samples.cols}`);
    }
    if (dtypeOf(samples) !== dtypeOf(state.moment))
      throw new TypeError(`${name}: the samples are ${dtypeOf(samples)}, the weight ${dtypeOf(state.moment)}`);
    this.accumulate(state, samples.T, multiple / samples.rows, step);
  }

  /** Whether this step refreshes (call once per step, after accumulating). */
  due(state: FactorState): boolean {
    const { every, change } = this.policy;
    if (state.batches === 0) return false;
    // An average of few batches changes fast and is rank deficient: at first it is refreshed whenever its batches have doubled.
    if (state.age >= 0 && ++state.age < Math.min(every, state.batches - state.age)) return false;
    if (state.pendingAge >= 0) return false;
    return !(change > 0 && state.ready && relativeChange(this.averaged(state), state.reference) <= change);
  }

  /** Whether a background refresh takes effect at this step (call once per step, before anything else). */
  arriving(state: FactorState): boolean {
    return state.pendingAge >= 0 && ++state.pendingAge >= this.policy.lag;
  }

  /** Makes the background refresh that arrives take effect; if it is not ready yet it is computed here. @returns and @throws as {@link refresh}. */
  install(state: FactorState, layer: string, step: StepInfo): boolean {
    state.pendingAge = -1;
    return this.#compute(state, layer, step, state.pending, state.pendingDamping, step.background.take(state));
  }

  /** The average that the root is taken of, bias corrected; not to be written to. */
  averaged(state: FactorState): Matrix<Real> {
    if (!this.policy.biasCorrection || state.weight === 1) return state.moment;
    const { averaged } = this.#workspace(state);
    scale(1 / state.weight, averaged.copy(state.moment));
    return averaged;
  }

  /**
   * Computes the root of `averaged` with absolute damping `c` (by default the policy's), at once or in the background. On failure:
   * more damping, then double precision, then the last good root stays and is counted.
   * @returns whether `state.root` changed.
   * @throws Error after three failures in a row.
   */
  refresh(state: FactorState, layer: string, step: StepInfo, averaged = this.averaged(state), c = this.absoluteDamping(averaged)): boolean {
    // A zero statistic says nothing about the axis, nor does the floor of a damping relative to it: keep what there is.
    if (meanEigenvalue(averaged) === 0 && (c === 0 || this.policy.damping.relativeTo !== null)) return false;
    if (this.policy.lag === 0 || !state.ready) return this.#compute(state, layer, step, averaged, c, null);
    state.pending.copy(averaged);
    state.pendingDamping = c;
    state.pendingAge = 0;
    state.age = 0;
    const task = isDiagonal(state) ? null : this.solver.start(averaged, c, this.policy);
    if (task) step.background.add(state, this.policy.lag, task);
    return false;
  }

  #compute(state: FactorState, layer: string, step: StepInfo, averaged: Matrix<Real>, c: number, ready: Started | null): boolean {
    const started = step.diagnostics.recording ? performance.now() : 0;
    const dim = averaged.cols;
    const diagonal = isDiagonal(state);
    const mean = meanEigenvalue(averaged);
    const workspace = this.#workspace(state);
    const { solved, values } = workspace;
    let result = null;
    let damping = c;
    let retries = 0;
    const roundoff = dim * (dtypeOf(averaged) === "float64" ? 2 ** -52 : 2 ** -23) * mean;
    for (const double of dtypeOf(averaged) === "float64" ? [false] : [false, true]) {
      for (let k = 0; k <= ESCALATIONS && !result; k++) {
        damping = k === 0 ? c : Math.max(c, roundoff) * 10 ** k;
        const context = { policy: this.policy, state, out: solved, values, double, ready: k === 0 && !double ? ready : null };
        const solve = diagonal ? solveDiagonal : this.solver.solve;
        result = Number.isFinite(damping) ? solve(averaged, damping, context, this.solver) : null;
        if (!result) retries++;
      }
    }
    const { diagnostics } = step;
    if (result) {
      workspace.solved = state.root;
      state.root = solved;
      if (values.rows) state.values.copy(values);
      if (state.reference.rows) state.reference.copy(averaged);
      state.ready = true;
      if (this.policy.lag === 0 || state.age < 0) state.age = 0;
      state.failures = 0;
      diagnostics.refreshes++;
      if (retries) diagnostics.retries++;
    } else {
      state.failures++;
      state.age = Math.max(state.age, 0);
      diagnostics.keptOld++;
    }
    if (diagnostics.recording) {
      diagnostics.add({
        layer,
        side: this.side,
        dim,
        step: step.t,
        solver: result?.solver ?? "none",
        damping,
        lambdaMin: result?.lambdaMin ?? null,
        lambdaMax: result?.lambdaMax ?? null,
        residual: result && !diagonal ? (this.solver.residual?.(averaged, damping, solved) ?? null) : null,
        retries,
        keptOld: !result,
        milliseconds: performance.now() - started,
      });
    }
    if (state.failures >= MAX_FAILURES) {
      throw new Error(
        `${layer}: the ${this.side} factor (${dim}×${dim}) could not be inverted ${MAX_FAILURES} times in a row, ` +
          `with damping up to ${damping.toExponential(1)}; raise the damping or lower the learning rate`,
      );
    }
    return result !== null;
  }

  /** The policy's damping in units of the averaged statistic (relative damping resolved, except `max`, which the solver resolves). */
  absoluteDamping(averaged: Matrix<Real>): number {
    const { value, relativeTo, floor } = this.policy.damping;
    return relativeTo === "trace"
      ? Math.max(value * meanEigenvalue(averaged), floor)
      : relativeTo === "max"
        ? floor
        : Math.max(value, floor);
  }

  #weights(state: FactorState): [keep: number, add: number] {
    const { average, beta, firstBatchStart } = this.policy;
    if (average === "batch" || (state.batches === 0 && firstBatchStart)) return [0, 1];
    if (average === "sum") return [state.batches === 0 ? 0 : 1, 1];
    return [state.batches === 0 ? 0 : beta, 1 - beta];
  }

  #settle(state: FactorState, finite: boolean, step: StepInfo): void {
    if (!finite) {
      // The average is lost: start it afresh from the next batch; the last root stays.
      state.moment.fill(0);
      state.weight = 0;
      state.batches = 0;
      step.diagnostics.nonFiniteStatistics++;
      return;
    }
    const [keep, add] = this.#weights(state);
    state.weight = this.policy.average === "sum" ? 1 : keep * state.weight + add;
    state.batches++;
  }

  #workspace(state: FactorState): Workspace {
    const dim = state.moment.cols;
    const double = state.moment.data instanceof Float64Array;
    const key = 4 * dim + (isDiagonal(state) ? 2 : 0) + (double ? 1 : 0);
    let workspace = this.#copies.get(key);
    if (!workspace) {
      const dtype = dtypeOf(state.moment);
      const averaged = Matrix.zeros(state.moment.rows, dim, dtype);
      const solved = Matrix.zeros(state.root.rows, dim, dtype);
      const values = Matrix.zeros(state.values.rows, dim, dtype);
      workspace = { averaged, solved, values };
      this.#copies.set(key, workspace);
    }
    return workspace;
  }
}

interface Workspace {
  averaged: Matrix<Real>;
  solved: Matrix<Real>;
  values: Matrix<Real>;
}

/** Whether the factor is kept as a vector. */
export function isDiagonal({ moment }: FactorState): boolean {
  return moment.rows === 1 && moment.cols !== 1;
}

function isFiniteDiagonal(a: Matrix<Real>): boolean {
  if (a.rows === 1) return isFiniteMatrix(a);
  let sum = 0;
  for (let i = 0; i < a.rows; i++) sum += a.get(i, i) * 0;
  return sum === 0;
}

function relativeChange(averaged: Matrix<Real>, reference: Matrix<Real>): number {
  let change = 0;
  let norm = 0;
  for (let i = 0; i < averaged.data.length; i++) {
    change += (averaged.data[i]! - reference.data[i]!) ** 2;
    norm += reference.data[i]! ** 2;
  }
  return norm === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(change / norm);
}
