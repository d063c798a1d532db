import { gemm } from "../../linalg/index.js";
import type { Matrix, Real } from "../../linalg/matrix.js";
import type { FactorState } from "../policy.js";
import { Scratch } from "../scratch.js";
import type { Side } from "../sources.js";
import type { Basis, Parameter, Stage, StateRecord, StateValue, StepInfo } from "../types.js";
import { type Axes, initSides, sandwich } from "./kronecker.js";

/** What {@link inEigenbasis} is made of. */
export interface EigenbasisOptions {
  /**
   * When the statistics take the gradient in: `before` the step that uses the bases, or `after` it (SOAP: the gradient
   * is never projected with a basis it helped to make).
   */
  readonly accumulate: "before" | "after";
  /**
   * The first gradient only makes the bases, the weight is left alone. In its own eigenbasis a gradient is diagonal and
   * the rest is roundoff, which signs and second moments would blow up; without this the first step of `after` is taken in
   * the identity bases.
   */
  readonly holdFirst?: boolean;
  /** Stages that the gradient passes after the statistics took it in, in the original space. */
  readonly filter?: readonly Stage[];
}

/** The state of {@link inEigenbasis} for one parameter. */
export type EigenbasisState = {
  left: FactorState | null;
  right: FactorState | null;
  filter: StateValue[];
  inner: StateValue[];
} & StateRecord;

/**
 * D ← Qₗ · inner(Qₗᵀ D Qᵣ) · Qᵣᵀ, Q the eigenbases of the factors. When a basis turns, the states of `inner` turn with it
 * ({@link Stage.rotate}), so that they always speak of the present columns.
 */
export function inEigenbasis(
  axes: Axes | ((parameter: Parameter<Real>) => Axes),
  inner: readonly Stage[],
  options: EigenbasisOptions,
): Stage<EigenbasisState> {
  const choose = typeof axes === "function" ? axes : () => axes;
  const { filter = [], holdFirst = false } = options;
  const scratch = new Scratch();
  const basis: Basis = { left: null, right: null, leftValues: null, rightValues: null };

  /** Takes the direction into the statistics and refreshes what is due; the inner states follow. */
  function update(
    direction: Matrix<Real>,
    parameter: Parameter<Real>,
    state: EigenbasisState,
    step: StepInfo,
    p: Side | null,
    q: Side | null,
  ): void {
    const { left, right } = choose(parameter);
    if (p && left!.source.available(parameter)) left!.source.accumulate(p, q, direction, parameter, step);
    if (q && right!.source.available(parameter)) right!.source.accumulate(q, p, direction, parameter, step);
    const turnLeft = p && turn(p, parameter.name, step, scratch, 0);
    const turnRight = q && turn(q, parameter.name, step, scratch, 2);
    if (turnLeft || turnRight) {
      inner.forEach((stage, i) => {
        stage.rotate?.(state.inner[i]!, turnLeft, turnRight);
      });
    }
  }

  return {
    name: "inEigenbasis",
    init(parameter) {
      return {
        ...initSides(choose(parameter), parameter),
        filter: filter.map((stage) => stage.init(parameter)),
        inner: inner.map((stage) => stage.init(parameter)),
      };
    },
    apply(direction, parameter, state, step) {
      const { left, right } = choose(parameter);
      const p: Side | null = state.left && left ? { factor: left.factor, state: state.left } : null;
      const q: Side | null = state.right && right ? { factor: right.factor, state: state.right } : null;
      const gradient = scratch.like(direction, 1).copy(direction);
      const ready = (!p || p.state.ready) && (!q || q.state.ready);
      const hold = holdFirst && !ready;
      if (options.accumulate === "before" || hold) update(gradient, parameter, state, step, p, q);
      if (hold) {
        step.hold = true;
        return;
      }
      filter.forEach((stage, i) => {
        stage.apply(direction, parameter, state.filter[i]!, step);
      });
      basis.left = p?.state.ready && p.state.root.rows ? p.state.root : null;
      basis.right = q?.state.ready && q.state.root.rows ? q.state.root : null;
      basis.leftValues = p?.state.ready ? p.state.values.data : null;
      basis.rightValues = q?.state.ready ? q.state.values.data : null;
      const { left: ql, right: qr } = basis;
      sandwich(ql ? ql.T : null, direction, qr, scratch);
      step.basis = basis;
      inner.forEach((stage, i) => {
        stage.apply(direction, parameter, state.inner[i]!, step);
      });
      step.basis = null;
      sandwich(ql, direction, qr ? qr.T : null, scratch);
      if (options.accumulate === "after") update(gradient, parameter, state, step, p, q);
    },
  };
}

/** Refreshes a basis if due; returns R = Q_oldᵀ Q_new, or null when it stayed. */
function turn({ factor, state }: Side, layer: string, step: StepInfo, scratch: Scratch, slot: number): Matrix<Real> | null {
  const arriving = factor.arriving(state);
  const due = factor.due(state);
  if (!arriving && !due) return null;
  const old = scratch.like(state.root, slot + 2).copy(state.root);
  // With a lag only an arrival changes the basis, without one only a refresh (and the first of all).
  const changed = [arriving && factor.install(state, layer, step), due && factor.refresh(state, layer, step)].some(Boolean);
  if (!changed || state.root.rows === 0) return null;
  return gemm(old.T, state.root, { out: scratch.like(state.root, slot + 3) });
}
