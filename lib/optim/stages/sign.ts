import type { Matrix, Real } from "../../linalg/matrix.js";
import { zerosLike } from "../scratch.js";
import type { Stage } from "../types.js";

/** D ← sign(D). */
export function sign(): Stage<null> {
  return {
    name: "sign",
    init: () => null,
    apply({ data }) {
      for (let i = 0; i < data.length; i++) data[i] = Math.sign(data[i]!);
    },
  };
}

/** D ← β₁M + (1 − β₁)D for the update, then M ← β₂M + (1 − β₂)D: the two-rate average of Lion (Chen et al. 2023, arXiv 2302.06675). */
export function interpolate({ beta1, beta2 }: { beta1: number; beta2: number }): Stage<{ m: Matrix<Real> }> {
  return {
    name: "interpolate",
    init: ({ value }) => ({ m: zerosLike(value) }),
    apply({ data: d }, _parameter, state) {
      const m = state.m.data;
      for (let i = 0; i < d.length; i++) {
        const g = d[i]!;
        d[i] = beta1 * m[i]! + (1 - beta1) * g;
        m[i] = beta2 * m[i]! + (1 - beta2) * g;
      }
    },
  };
}
