import type { Matrix, Real } from "../../linalg/matrix.js";
import { quotient } from "../elementwise.js";
import { zerosLike } from "../scratch.js";
import type { Stage } from "../types.js";

/** V ← V + D²; D ← D / (√V + ε) (Duchi, Hazan & Singer 2011). */
export function adagrad({ epsilon }: { epsilon: number }): Stage<{ v: Matrix<Real> }> {
  return diagonal("adagrad", epsilon, 1, 1);
}

/** V ← αV + (1 − α)D²; D ← D / (√V + ε) (Tieleman & Hinton 2012, as in torch). */
export function rmsprop({ alpha, epsilon }: { alpha: number; epsilon: number }): Stage<{ v: Matrix<Real> }> {
  return diagonal("rmsprop", epsilon, alpha, 1 - alpha);
}

function diagonal(name: string, epsilon: number, keep: number, add: number): Stage<{ v: Matrix<Real> }> {
  return {
    name,
    init: ({ value }) => ({ v: zerosLike(value) }),
    apply({ data: d }, _parameter, state) {
      const v = state.v.data;
      for (let i = 0; i < d.length; i++) {
        const g = d[i]!;
        v[i] = keep * v[i]! + add * g * g;
        d[i] = quotient(g, Math.sqrt(v[i]!) + epsilon);
      }
    },
  };
}

/** D ← D + λW: L2 regularisation, through the preconditioner (coupled weight decay). */
export function coupledDecay(decay: number): Stage<null> {
  return {
    name: "coupledDecay",
    init: () => null,
    apply(direction, { value }) {
      if (decay === 0) return;
      for (let i = 0; i < direction.rows; i++) {
        for (let j = 0; j < direction.cols; j++) direction.data[i * direction.cols + j]! += decay * value.get(i, j);
      }
    },
  };
}
