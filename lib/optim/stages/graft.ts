import { frobenius, scaleInPlace } from "../elementwise.js";
import { Scratch } from "../scratch.js";
import type { Stage, StateRecord, StateValue } from "../types.js";

/** The states of the two chains of {@link graft}. */
export type GraftState = { direction: StateValue[]; magnitude: StateValue[] } & StateRecord;

/**
 * Direction of one chain, norm of another, both fed with the incoming direction: D ← U‖V‖_F/‖U‖_F (Agarwal et al. 2020,
 * arXiv 2002.11803). Until step `start` D ← V: with `start` = ∞ this is the magnitude's method.
 */
export function graft(direction: readonly Stage[], magnitude: readonly Stage[], { start = 1 }: { start?: number } = {}): Stage<GraftState> {
  const scratch = new Scratch();
  return {
    name: "graft",
    init: (parameter) => ({ direction: direction.map((s) => s.init(parameter)), magnitude: magnitude.map((s) => s.init(parameter)) }),
    apply(u, parameter, state, step) {
      const v = scratch.like(u).copy(u);
      magnitude.forEach((stage, i) => {
        stage.apply(v, parameter, state.magnitude[i]!, step);
      });
      direction.forEach((stage, i) => {
        stage.apply(u, parameter, state.direction[i]!, step);
      });
      if (step.t < start) {
        u.copy(v);
        return;
      }
      const norm = frobenius(u);
      if (norm > 0) scaleInPlace(u, frobenius(v) / norm);
      else u.copy(v);
    },
  };
}
