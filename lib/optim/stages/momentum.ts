import type { Matrix, Real } from "../../linalg/matrix.js";
import { Scratch, zerosLike } from "../scratch.js";
import type { Stage } from "../types.js";
import { sandwich } from "./kronecker.js";

/** The state of {@link momentum} for one parameter. */
export type MomentumState = { m: Matrix<Real>; t: number };

/**
 * Heavy ball as in torch: M ← μM + (1 − dampening)D (M ← D at first); D ← M, or D + μM with `nesterov`.
 * With `ema`: M ← μM + (1 − μ)D; D ← M, or (1 − μ)D + μM with `nesterov` (the form of Muon); with `biasCorrection`
 * divided by 1 − μ^t.
 */
export function momentum(options: {
  mu: number;
  dampening?: number;
  nesterov?: boolean;
  ema?: boolean;
  biasCorrection?: boolean;
}): Stage<MomentumState> {
  const { mu, dampening = 0, nesterov = false, ema = false, biasCorrection = false } = options;
  const scratch = new Scratch();
  return {
    name: "momentum",
    init: (parameter) => ({ m: zerosLike(parameter.value), t: 0 }),
    apply(direction, _parameter, state) {
      if (mu === 0) return;
      const first = ++state.t === 1 && !ema;
      const m = state.m.data;
      const d = direction.data;
      const take = ema ? 1 - mu : 1 - dampening;
      const mix = ema ? 1 - mu : 1;
      const correction = ema && biasCorrection ? 1 / (1 - mu ** state.t) : 1;
      for (let i = 0; i < d.length; i++) {
        m[i] = first ? d[i]! : mu * m[i]! + take * d[i]!;
        d[i] = (nesterov ? mix * d[i]! + mu * m[i]! : m[i]!) * correction;
      }
    },
    rotate: (state, left, right) => rotateMatrix(state.m, left, right, scratch),
    // O'Donoghue & Candès 2015: momentum restarts when the function rises.
    reject(state) {
      state.m.fill(0);
      state.t = 0;
    },
  };
}

/** M ← Rₗᵀ M Rᵣ: how a vector moves when its basis turns. */
export function rotateMatrix(m: Matrix<Real>, left: Matrix<Real> | null, right: Matrix<Real> | null, scratch: Scratch): void {
  sandwich(left ? left.T : null, m, right, scratch);
}
