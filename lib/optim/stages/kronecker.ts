import { kroneckerApply } from "../../linalg/index.js";
import type { Matrix, Operand, Real } from "../../linalg/matrix.js";
import { inner } from "../elementwise.js";
import type { Factor } from "../factor.js";
import type { FactorState } from "../policy.js";
import { meanEigenvalue } from "../roots.js";
import { Scratch } from "../scratch.js";
import type { Side, Source } from "../sources.js";
import type { Parameter, Stage, StateRecord, StateValue, StepInfo } from "../types.js";

/** One axis: where its statistics come from and the factor that averages and inverts them. */
export interface AxisConfig {
  readonly source: Source;
  readonly factor: Factor;
}

/** The preconditioned axes of a weight; null leaves an axis alone. */
export interface Axes {
  readonly left: AxisConfig | null;
  readonly right: AxisConfig | null;
}

/** What {@link kronecker} is made of. */
export interface KroneckerOptions {
  /**
   * `pi`: Tikhonov damping λI of P ⊗ Q split as P + (√λ/π) I and Q + π√λ I, π = √((tr Q/n)/(tr P/m)) (Martens & Grosse 2015,
   * arXiv 1503.05671, §6.3); null: each factor by its own policy.
   */
  readonly split?: { lambda(): number; see?(parameter: Parameter<Real>, curvature: (direction: Matrix<Real>) => number): void } | null;
  /** Use the identity (that is, the incoming direction) until this step. */
  readonly start?: number;
  /** Stages that the direction passes after the statistics took it in and before the preconditioner (momentum, in P^{-a} M Q^{-b}). */
  readonly filter?: readonly Stage[];
}

/** The state of {@link kronecker} for one parameter. */
export type KroneckerState = { left: FactorState | null; right: FactorState | null; filter: StateValue[] } & StateRecord;

/** The factors of one parameter: an axis whose source the parameter does not supply is left alone. */
export function initSides({ left, right }: Axes, parameter: Parameter<Real>): { left: FactorState | null; right: FactorState | null } {
  const { value } = parameter;
  const side = (axis: AxisConfig | null, dim: number) =>
    axis?.source.available(parameter) ? axis.factor.init(dim, value, axis.source.diagonal?.(parameter)) : null;
  return { left: side(left, value.rows), right: side(right, value.cols) };
}

/** D ← P^{-a} D Q^{-b}: the rule every Kronecker method shares. `axes` says what stands in it, for each parameter. */
export function kronecker(axes: Axes | ((parameter: Parameter<Real>) => Axes), options: KroneckerOptions = {}): Stage<KroneckerState> {
  const { split = null, start = 1, filter = [] } = options;
  const choose = typeof axes === "function" ? axes : () => axes;
  const scratch = new Scratch();
  return {
    name: "kronecker",
    init(parameter) {
      return {
        ...initSides(choose(parameter), parameter),
        filter: filter.map((stage) => stage.init(parameter)),
      };
    },
    apply(direction, parameter, state, step) {
      const { left, right } = choose(parameter);
      const p: Side | null = state.left && left ? { factor: left.factor, state: state.left } : null;
      const q: Side | null = state.right && right ? { factor: right.factor, state: state.right } : null;
      if (p && left!.source.available(parameter)) left!.source.accumulate(p, q, direction, parameter, step);
      if (q && right!.source.available(parameter)) right!.source.accumulate(q, p, direction, parameter, step);
      if (split?.see && (p || q)) split.see(parameter, (d) => curvature(d, p, q, scratch));
      refreshSides(p, q, parameter.name, step, split ? split.lambda() : null);
      filter.forEach((stage, i) => {
        stage.apply(direction, parameter, state.filter[i]!, step);
      });
      if (step.t < start) return;
      const root = (side: Side | null) => (side?.state.ready ? side.state.root : null);
      multiply(direction, root(p), root(q), scratch);
    },
    reject({ left, right }) {
      // The new damping must not wait for the next refresh.
      for (const side of [left, right]) if (side?.ready) side.age = Number.MAX_SAFE_INTEGER - 1;
    },
  };
}

/** tr(Dᵀ P D Q). */
function curvature(d: Matrix<Real>, p: Side | null, q: Side | null, scratch: Scratch): number {
  const product = scratch.like(d, 1).copy(d);
  const average = (side: Side | null) => side?.factor.averaged(side.state) ?? null;
  multiply(product, average(p), average(q), scratch);
  return inner(product, d);
}

/** D ← L D R in place; null is the identity. */
export function sandwich(left: Operand<Real> | null, d: Matrix<Real>, right: Operand<Real> | null, scratch: Scratch): void {
  // With both sides the product may take its argument's place.
  if (left && right) kroneckerApply(left, d, right, { out: d });
  else if (left || right) d.copy(kroneckerApply(left, d, right, { out: scratch.like(d) }));
}

/** The same where 1×d is a diagonal. */
export function multiply(d: Matrix<Real>, left: Matrix<Real> | null, right: Matrix<Real> | null, scratch: Scratch): void {
  const dense = (side: Matrix<Real> | null) => (side && side.rows === side.cols ? side : null);
  sandwich(dense(left), d, dense(right), scratch);
  for (let i = 0; i < d.rows; i++) {
    const row = left && !dense(left) ? left.data[i]! : 1;
    if (right && !dense(right)) for (let j = 0; j < d.cols; j++) d.data[i * d.cols + j]! *= row * right.data[j]!;
    else if (row !== 1) for (let j = 0; j < d.cols; j++) d.data[i * d.cols + j]! *= row;
  }
}

/** Refreshes both sides if they are due, with split damping if `lambda` is given. */
function refreshSides(p: Side | null, q: Side | null, layer: string, step: StepInfo, lambda: number | null): void {
  for (const side of [p, q]) if (side?.factor.arriving(side.state)) side.factor.install(side.state, layer, step);
  const dueLeft = p?.factor.due(p.state) ?? false;
  const dueRight = q?.factor.due(q.state) ?? false;
  if (lambda === null) {
    if (dueLeft) p!.factor.refresh(p!.state, layer, step);
    if (dueRight) q!.factor.refresh(q!.state, layer, step);
    return;
  }
  if (!dueLeft && !dueRight) return;
  const a = p ? p.factor.averaged(p.state) : null;
  const b = q ? q.factor.averaged(q.state) : null;
  const [left, right] = splitDamping(lambda, a, b);
  if (dueLeft) p!.factor.refresh(p!.state, layer, step, a!, left);
  if (dueRight) q!.factor.refresh(q!.state, layer, step, b!, right);
}

/** [√λ/π, π√λ]; a missing side leaves all of λ to the other; π = 1 when a trace is zero. By logarithms: no overflow. */
export function splitDamping(lambda: number, p: Matrix<Real> | null, q: Matrix<Real> | null): [left: number, right: number] {
  if (!p || !q) return [lambda, lambda];
  const left = meanEigenvalue(p);
  const right = meanEigenvalue(q);
  const gamma = Math.sqrt(lambda);
  if (!(left > 0 && right > 0)) return [gamma, gamma];
  const logPi = 0.5 * (Math.log(right) - Math.log(left));
  return [gamma * Math.exp(-logPi), gamma * Math.exp(logPi)];
}
