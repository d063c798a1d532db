import { axpy, dot, scale } from "../linalg/index.js";
import type { Matrix, Real } from "../linalg/matrix.js";
import { Background } from "./background.js";
import { Diagnostics } from "./diagnostics.js";
import { frobenius, inner, isFiniteMatrix, scaleInPlace } from "./elementwise.js";
import { checkGradients, checkHeader, checkParameters, lossOf } from "./parameters.js";
import { type Schedule, type ScheduleConfig, schedule } from "./schedules.js";
import { zerosLike } from "./scratch.js";
import { restore, snapshot, stateBytes } from "./state.js";
import type { Optimizer, OptimizerState, Parameter, Stage, StateRecord, StateValue, StepInfo } from "./types.js";

/** Parameters that share a chain, a rate and a decay. */
export interface Group {
  readonly chain: readonly Stage[];
  readonly parameters: readonly Parameter<Real>[];
  readonly lr: number;
  readonly decay: number;
}

/** The options that every chain has in common. */
export interface ChainOptions {
  readonly lr: number;
  readonly schedule?: Schedule | ScheduleConfig;
  readonly clipNorm: number | null;
  readonly clipValue: number | null;
  readonly average: number;
  readonly nonFinite: "skip" | "throw";
  readonly record: boolean;
}

/** One parameter as the optimizer sees it. */
interface Slot {
  readonly parameter: Parameter<Real>;
  readonly direction: Matrix<Real>;
  stages: StateValue[];
  t: number;
  /** Uncorrected average of the weight, or null. */
  readonly average: Matrix<Real> | null;
  /** The weight before a step that may be taken back; allocated at the first such step. */
  before: Matrix<Real> | null;
}

/** Something that watches whole steps: adaptive damping. `before` and `after` surround the writing of the weights. */
export interface Controller {
  readonly state: StateRecord;
  /** Whether `after` may refuse this step, so that the weights must be kept. */
  rejects(step: number): boolean;
  before(closure: (() => number) | undefined, loss: number | null, step: number): void;
  /** @returns whether the step stays; if not, the weights go back. */
  after(
    closure: (() => number) | undefined,
    step: number,
    updates: readonly { parameter: Parameter<Real>; direction: Matrix<Real>; lr: number }[],
  ): boolean;
}

/** A chain of stages for each group, then W ← (1 − η·decay) W − η·D. */
export class ChainOptimizer implements Optimizer {
  readonly diagnostics: Diagnostics;
  readonly parameters: readonly Parameter<Real>[];
  lr: number;
  #t = 0;
  readonly #schedule: Schedule;
  readonly #groups: { chain: readonly Stage[]; slots: Slot[]; ratio: number; decay: number; active: Slot[] }[];
  readonly #step: { -readonly [K in keyof StepInfo]: StepInfo[K] };

  constructor(
    readonly method: string,
    groups: readonly Group[],
    private readonly options: ChainOptions,
    private readonly controller: Controller | null = null,
  ) {
    this.lr = options.lr;
    this.#schedule = schedule(options.schedule);
    this.diagnostics = new Diagnostics(options.record);
    this.parameters = groups.flatMap((group) => group.parameters);
    checkParameters(method, this.parameters);
    this.#groups = groups.map(({ chain, parameters, lr, decay }) => ({
      chain,
      ratio: options.lr > 0 ? lr / options.lr : 1,
      decay,
      active: [],
      slots: parameters.map((parameter) => ({
        parameter,
        direction: zerosLike(parameter.value),
        stages: chain.map((stage) => stage.init(parameter)),
        t: 0,
        average: options.average > 0 ? zerosLike(parameter.value) : null,
        before: null,
      })),
    }));
    this.#step = { t: 0, lr: 0, hold: false, basis: null, diagnostics: this.diagnostics, background: new Background() };
  }

  step(closure?: () => number): void {
    const loss = closure ? lossOf(this.method, closure) : null;
    const multiple = this.#schedule(this.#t + 1);
    const lr = this.lr * multiple;
    if (!(lr >= 0 && lr < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${this.method}: the learning rate of step ${this.#t + 1} is ${lr} (lr ${this.lr}, schedule ${multiple})`);
    }
    checkGradients(this.method, this.parameters);
    this.controller?.before(closure, loss, this.#t + 1);
    this.#t++;
    for (const group of this.#groups) {
      group.active.length = 0;
      for (const slot of group.slots) if (this.#take(slot)) group.active.push(slot);
    }
    this.#clip();
    const updates: { parameter: Parameter<Real>; direction: Matrix<Real>; lr: number }[] = [];
    const keep = this.controller?.rejects(this.#t) ?? false;
    for (const { chain, active, ratio, decay } of this.#groups) {
      this.#step.lr = lr * ratio;
      const held = this.#run(chain, active);
      for (const slot of active) {
        if (held.has(slot)) continue;
        if (keep) {
          slot.before ??= zerosLike(slot.parameter.value);
          slot.before.copy(slot.parameter.value);
        }
        this.#write(slot, chain, lr * ratio, decay);
        if (this.controller) updates.push({ parameter: slot.parameter, direction: slot.direction, lr: lr * ratio });
      }
    }
    if (this.controller && !this.controller.after(closure, this.#t, updates)) this.#takeBack(updates);
    if (this.options.average > 0) for (const { active } of this.#groups) for (const slot of active) this.#average(slot);
  }

  /** Undoes the last writing of weights and lets the stages know. */
  #takeBack(updates: readonly { parameter: Parameter<Real> }[]): void {
    this.diagnostics.rejectedSteps++;
    const written = new Set(updates.map(({ parameter }) => parameter));
    for (const { chain, active } of this.#groups) {
      for (const slot of active) {
        if (!written.has(slot.parameter)) continue;
        slot.parameter.value.copy(slot.before!);
        chain.forEach((stage, k) => {
          stage.reject?.(slot.stages[k]!);
        });
      }
    }
  }

  #average({ average, parameter: { value } }: Slot): void {
    const { average: beta } = this.options;
    scale(beta, average!);
    axpy(1 - beta, value, average!);
  }

  ready(): Promise<void> {
    return this.#step.background.ready();
  }

  /** Copies the gradient into the direction; false when the parameter sits this step out. */
  #take(slot: Slot): boolean {
    const { parameter, direction } = slot;
    const { gradient } = parameter;
    if (!gradient) {
      this.diagnostics.missingGradients++;
      return false;
    }
    direction.copy(gradient);
    if (!isFiniteMatrix(direction)) {
      this.diagnostics.nonFiniteGradients++;
      if (this.options.nonFinite === "throw")
        throw new Error(`${this.method}: the gradient of "${parameter.name}" has NaN or infinite elements`);
      return false;
    }
    slot.t++;
    return true;
  }

  #clip(): void {
    const { clipNorm, clipValue } = this.options;
    if (clipValue !== null) {
      for (const { active } of this.#groups) {
        for (const { direction } of active) {
          const { data } = direction;
          for (let i = 0; i < data.length; i++) data[i] = Math.min(clipValue, Math.max(-clipValue, data[i]!));
        }
      }
    }
    if (clipNorm === null) return;
    const directions = this.#groups.flatMap(({ active }) => active.map(({ direction }) => direction));
    const joint = () => directions.reduce((norm, direction) => Math.hypot(norm, frobenius(direction)), 0);
    let norm = joint();
    if (norm === Number.POSITIVE_INFINITY) {
      // The norm of finite gradients overflowed, not their direction.
      for (const direction of directions) scaleInPlace(direction, 2 ** -600);
      norm = joint();
    }
    if (norm > clipNorm) for (const direction of directions) scaleInPlace(direction, clipNorm / norm);
  }

  /** Runs the chain over the parameters, stage by stage; returns those a stage wants left alone. */
  #run(chain: readonly Stage[], active: readonly Slot[]): ReadonlySet<Slot> {
    const step = this.#step;
    let held = nothing;
    chain.forEach((stage, k) => {
      if (stage.applyAll) {
        step.t = this.#t;
        const taking = active.filter((slot) => !held.has(slot));
        const directions = taking.map((slot) => slot.direction);
        const parameters = taking.map((slot) => slot.parameter);
        const states = taking.map((slot) => slot.stages[k]!);
        stage.applyAll(directions, parameters, states, step);
        return;
      }
      for (const slot of active) {
        if (held.has(slot)) continue;
        step.t = slot.t;
        step.hold = false;
        stage.apply(slot.direction, slot.parameter, slot.stages[k]!, step);
        if (step.hold) held = new Set(held).add(slot);
      }
    });
    return held;
  }

  /** W ← (1 − η·decay) W − η·D, unless that would put NaN or Inf into W: then the parameter's state starts afresh. */
  #write(slot: Slot, chain: readonly Stage[], lr: number, decay: number): void {
    const { parameter, direction } = slot;
    const { value, name } = parameter;
    if (this.diagnostics.recording) {
      const gradientNorm = frobenius(parameter.gradient!);
      const directionNorm = frobenius(direction);
      const cosine = gradientNorm * directionNorm > 0 ? inner(parameter.gradient!, direction) / (gradientNorm * directionNorm) : 0;
      this.diagnostics.updates[name] = { step: slot.t, gradientNorm, directionNorm, cosine };
    }
    const keep = 1 - lr * decay;
    if (!this.#fits(slot, lr, keep)) {
      this.diagnostics.rejectedUpdates++;
      // Refreshes under way are for states that are gone; the other parameters' will be computed at their step, with the same bits.
      this.#step.background.clear();
      slot.stages = chain.map((stage) => stage.init(parameter));
      return;
    }
    if (keep !== 1) scale(keep, value);
    axpy(-lr, direction, value);
  }

  /** Whether the updated weight is finite. Norms decide almost always; near overflow every element is looked at. */
  #fits({ parameter: { value }, direction }: Slot, lr: number, keep: number): boolean {
    const limit = value.data instanceof Float64Array ? Number.MAX_VALUE : 3.4028234e38;
    // The factors themselves have the weight's precision when it is written: ∞·0 is NaN.
    if (lr > limit || Math.abs(keep) > limit) return false;
    if (Math.abs(keep) * Math.sqrt(dot(value, value)) + lr * Math.sqrt(dot(direction, direction)) < limit / 4) return true;
    for (let i = 0; i < value.rows; i++) {
      for (let j = 0; j < value.cols; j++) {
        const next = keep * value.get(i, j) - lr * direction.data[i * value.cols + j]!;
        if (!(next <= limit && next >= -limit)) return false;
      }
    }
    return true;
  }

  averaged(name: string): Matrix<Real> | null {
    const slot = this.#slot(name);
    if (!slot?.average || slot.t === 0) return slot?.average ? slot.parameter.value.clone() : null;
    const out = slot.average.clone();
    scaleInPlace(out, 1 / (1 - this.options.average ** slot.t));
    return out;
  }

  state(): OptimizerState {
    const parameters: Record<string, StateRecord> = {};
    for (const { slots } of this.#groups) {
      for (const slot of slots) parameters[slot.parameter.name] = snapshot(this.#view(slot)) as StateRecord;
    }
    const shared = snapshot(this.controller?.state ?? {}) as StateRecord;
    return { method: this.method, version: 1, t: this.#t, lr: this.lr, parameters, shared };
  }

  load(state: OptimizerState): void {
    checkHeader(this.method, state, this.parameters);
    // Into fresh states first: a refused checkpoint changes nothing.
    const restored: (() => void)[] = [];
    for (const { slots, chain } of this.#groups) {
      for (const slot of slots) {
        const stages = chain.map((stage) => stage.init(slot.parameter));
        const view = this.#view({ ...slot, stages, average: slot.average && zerosLike(slot.average) });
        restore(view, state.parameters[slot.parameter.name]!, slot.parameter.name);
        restored.push(() => {
          slot.stages = chain.map((_, i) => view.stages[Object.keys(view.stages)[i]!]!);
          slot.t = view.t;
          if (slot.average) slot.average.copy(view.average as Matrix<Real>);
        });
      }
    }
    if (this.controller) {
      restore(this.controller.state, state.shared, "shared", true);
      restore(this.controller.state, state.shared, "shared");
    }
    for (const apply of restored) apply();
    this.#step.background.clear();
    this.#t = state.t;
    this.lr = state.lr;
  }

  memory(): Record<string, number> {
    const out: Record<string, number> = {};
    for (const { slots } of this.#groups) for (const slot of slots) out[slot.parameter.name] = stateBytes(this.#view(slot));
    return out;
  }

  /** A parameter's state under stable names. */
  #view(slot: Slot): { t: number; stages: StateRecord; average: StateValue } {
    const { chain } = this.#groups.find(({ slots }) => slots.some(({ parameter }) => parameter === slot.parameter))!;
    const stages: StateRecord = {};
    chain.forEach((stage, i) => {
      stages[`${i}:${stage.name}`] = slot.stages[i]!;
    });
    return { t: slot.t, stages, average: slot.average };
  }

  #slot(name: string): Slot | undefined {
    for (const { slots } of this.#groups) for (const slot of slots) if (slot.parameter.name === name) return slot;
    return undefined;
  }
}

const nothing: ReadonlySet<Slot> = new Set<Slot>();
