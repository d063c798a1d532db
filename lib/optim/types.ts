import type { Matrix, Real } from "../linalg/matrix.js";
import type { Background } from "./background.js";
import type { Diagnostics } from "./diagnostics.js";

/**
 * Where a Kronecker statistic comes from.
 * - `samples`: rows are examples; the moment is `scale · XᵀX / rows` (scale 1 unless given).
 * - `moment`: a symmetric matrix, already averaged (for example FᵀF).
 * - `diagonal`: the diagonal of a diagonal moment (frequencies of one-hot inputs); the factor is kept as a vector then.
 */
export type Statistic<T extends Real = Real> =
  | { readonly samples: Matrix<T>; readonly scale?: number }
  | { readonly moment: Matrix<T> }
  | { readonly diagonal: T };

/**
 * A weight, its gradient, and what its layer exposes to preconditioners. All matrices have one precision. Properties may be
 * getters; an optimizer decides at construction whether `inputs` and `outputGradients` exist (samples may still have zero rows),
 * and reads them at every step.
 */
export interface Parameter<T extends Real = Float64Array> {
  /** Unique within an optimizer; names the entry in checkpoints and messages. */
  readonly name: string;
  /** The weight, out×in. The optimizer writes here. */
  readonly value: Matrix<T>;
  /** Gradient of the *mean* loss, out×in. A parameter whose gradient is null is left alone for that step. */
  readonly gradient: Matrix<T> | null;
  /** Layer inputs a (in columns), for KFAC, FOOF, Newton-Muon. */
  readonly inputs?: Statistic<T>;
  /** Per-example output gradients δ = dL/d(Wa) (out columns), never divided by the batch size. Whoever samples decides which Fisher this is. */
  readonly outputGradients?: Statistic<T>;
}

/** Plain, serialisable data: what `state()` returns and checkpoints hold. */
export type StateValue = number | boolean | string | null | Matrix<Real> | StateValue[] | StateRecord;
/** State by name. */
export type StateRecord = { [key: string]: StateValue };

/** An orthogonal basis for each axis (columns; null: the identity), with the eigenvalues it belongs to. */
export interface Basis {
  left: Matrix<Real> | null;
  right: Matrix<Real> | null;
  leftValues: Real | null;
  rightValues: Real | null;
}

/** What a stage may know about the step. One mutable object per optimizer; nothing is allocated per step. */
export interface StepInfo {
  /** The parameter's step, from 1 (steps without a gradient are not counted). */
  t: number;
  /** Learning rate of the parameter's group at this step, schedule included. */
  lr: number;
  /** Set by a stage: leave the weight alone (no update, no decay) on this step. */
  hold: boolean;
  /** The basis the direction is expressed in, inside `inEigenbasis`; otherwise null. */
  basis: Basis | null;
  readonly diagnostics: Diagnostics;
  /** Refreshes under way on the thread pool. */
  readonly background: Background;
}

/**
 * A stage turns a direction into a direction, in place. Directions are contiguous out×in matrices owned by the
 * optimizer. Buffers belong to the state (if they must survive) or to a {@link Scratch} (if not).
 */
export interface Stage<S extends StateValue = StateValue> {
  readonly name: string;
  /** The state for one parameter: plain data, every matrix allocated here once. */
  init(parameter: Parameter<Real>): S;
  apply(direction: Matrix<Real>, parameter: Parameter<Real>, state: S, step: StepInfo): void;
  /** For stages that couple parameters (KL clip): called once per step instead of `apply`, with the parameters that have a gradient. */
  applyAll?(directions: readonly Matrix<Real>[], parameters: readonly Parameter<Real>[], states: readonly S[], step: StepInfo): void;
  /** For stages used inside an eigenbasis: how the state moves when the basis Q becomes Q·R on each axis (null: unchanged). */
  rotate?(state: S, left: Matrix<Real> | null, right: Matrix<Real> | null): void;
  /** The step was taken back because the loss rose: forget what would lead there again (statistics of the point stay true). */
  reject?(state: S): void;
}

/** Everything an optimizer must remember to continue exactly. */
export interface OptimizerState {
  readonly method: string;
  readonly version: 1;
  readonly t: number;
  readonly lr: number;
  /** By parameter name. */
  readonly parameters: { readonly [name: string]: StateRecord };
  /** What belongs to no single parameter (adaptive damping, L-BFGS history). */
  readonly shared: StateRecord;
}

/** What all methods give: a step, a rate, a state. */
export interface Optimizer {
  readonly method: string;
  readonly parameters: readonly Parameter<Real>[];
  /** Base learning rate; assign to change it. Schedules and group rates are relative to it. */
  lr: number;
  readonly diagnostics: Diagnostics;
  /**
   * Reads the gradients, writes the weights. Methods with a line search or adaptive damping need `closure`: it recomputes
   * the gradients at the present weights and returns the mean loss.
   * @throws RangeError or TypeError before anything changes: for a learning rate that is negative or not finite, or a gradient whose
   * shape or precision is no longer its weight's.
   */
  step(closure?: () => number): void;
  /**
   * With background refreshes (option `lag`): await it between steps, and the next step will not have to compute what the thread
   * pool is about to deliver. Results do not depend on it.
   */
  ready(): Promise<void>;
  /** A deep copy of the state: plain data. It survives `structuredClone` and messages between threads; for files see saveCheckpoint. */
  state(): OptimizerState;
  /** Continues from `state`, to the bit. @throws Error naming the entry when shape, precision or method differ. */
  load(state: OptimizerState): void;
  /** Exponential moving average of a weight (option `average`), bias corrected; null when averaging is off. */
  averaged(name: string): Matrix<Real> | null;
  /** Bytes of optimizer state held for each parameter. */
  memory(): Record<string, number>;
}
