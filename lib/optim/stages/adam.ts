import type { Matrix, Real } from "../../linalg/matrix.js";
import { quotient } from "../elementwise.js";
import { Scratch, zerosLike } from "../scratch.js";
import type { Stage } from "../types.js";
import { sandwich } from "./kronecker.js";
import { rotateMatrix } from "./momentum.js";

/** The state of {@link adam} for one parameter: both moments, uncorrected. */
export type AdamState = { m: Matrix<Real>; v: Matrix<Real> /** Largest v̂·(1 − β₂^t); 0×n unless AMSGrad. */; max: Matrix<Real>; t: number };

/** How an elementwise second moment follows a change of basis (see {@link transport}). */
export type Transport = "hadamard" | "none";

/**
 * Adam (Kingma & Ba 2015, arXiv 1412.6980, Algorithm 1): m and v are averages of D and D², bias corrected;
 * D ← m̂ / (√v̂ + ε), ε outside the root. `amsgrad` divides by the largest v̂ so far (Reddi et al. 2018).
 * Inside an eigenbasis m turns with the basis and v is transported.
 */
export function adam(options: {
  beta1: number;
  beta2: number;
  epsilon: number;
  amsgrad?: boolean;
  transport?: Transport;
}): Stage<AdamState> {
  const { beta1, beta2, epsilon, amsgrad = false, transport: carry = "hadamard" } = options;
  const scratch = new Scratch();
  return {
    name: "adam",
    init: ({ value }) => ({
      m: zerosLike(value),
      v: zerosLike(value),
      max: zerosLike(amsgrad ? value : value.block(0, 0, 0, value.cols)),
      t: 0,
    }),
    apply(direction, _parameter, state) {
      const t = ++state.t;
      const correction1 = 1 / (1 - beta1 ** t);
      const correction2 = 1 / (1 - beta2 ** t);
      const d = direction.data;
      const m = state.m.data;
      const v = state.v.data;
      const max = amsgrad ? state.max.data : null;
      for (let i = 0; i < d.length; i++) {
        const g = d[i]!;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
        if (max && v[i]! > max[i]!) max[i] = v[i]!;
        const denominator = Math.sqrt((max ?? v)[i]! * correction2) + epsilon;
        d[i] = quotient(m[i]! * correction1, denominator);
      }
    },
    rotate(state, left, right) {
      rotateMatrix(state.m, left, right, scratch);
      if (carry === "none") return;
      transport(state.v, left, right, scratch);
      if (amsgrad) transport(state.max, left, right, scratch);
    },
  };
}

/**
 * V ← (Rₗ∘Rₗ)ᵀ V (Rᵣ∘Rᵣ): the diagonal, in the new basis Q·R, of the covariance that was diagonal with entries V in the old
 * one. Keeps ΣV and is exact for permutations and sign changes of the columns.
 */
export function transport(v: Matrix<Real>, left: Matrix<Real> | null, right: Matrix<Real> | null, scratch: Scratch): void {
  sandwich(left && squared(left, scratch, 1).T, v, right && squared(right, scratch, 2), scratch);
}

function squared(r: Matrix<Real>, scratch: Scratch, slot: number): Matrix<Real> {
  const out = scratch.like(r, slot);
  for (let i = 0; i < r.data.length; i++) out.data[i] = r.data[i]! * r.data[i]!;
  return out;
}
