import { frobenius, inner, scaleInPlace } from "../elementwise.js";
import type { Stage } from "../types.js";

/** Factors by shape m×n: `muon` √max(1, m/n) (Jordan 2024); `moonlight` 0.2 √max(m, n) (arXiv 2502.16982); `spectral` √(m/n) (arXiv 2310.17813); `splus` 2/(m+n) (arXiv 2506.07254). */
export const shapeScales = {
  none: () => 1,
  muon: (m: number, n: number) => Math.sqrt(Math.max(1, m / n)),
  moonlight: (m: number, n: number) => 0.2 * Math.sqrt(Math.max(m, n)),
  spectral: (m: number, n: number) => Math.sqrt(m / n),
  splus: (m: number, n: number) => 2 / (m + n),
} as const;

/** Rules for scaling an orthogonal update by its weight's shape. */
export type ShapeScale = keyof typeof shapeScales;

/** D ← s(m, n) · D. */
export function scaleByShape(kind: ShapeScale): Stage<null> {
  return {
    name: "scaleByShape",
    init: () => null,
    apply(direction) {
      const s = shapeScales[kind](direction.rows, direction.cols);
      if (s !== 1) scaleInPlace(direction, s);
    },
  };
}

/** D ← c · √(mn) · D / ‖D‖_F: every element has root mean square c (0.2 matches AdamW's updates). */
export function unitRms(c = 1): Stage<null> {
  return {
    name: "unitRms",
    init: () => null,
    apply(direction) {
      const norm = frobenius(direction);
      if (norm > 0) scaleInPlace(direction, (c * Math.sqrt(direction.rows * direction.cols)) / norm);
    },
  };
}

/**
 * All directions of the group times ν = min(1, √(κ / (η² Σ ⟨U, G⟩))): bounds the quadratic model of the KL divergence of the
 * step by κ (Ba, Grosse & Martens 2017, §5; 1 when the sum is not positive).
 */
export function klClip(kappa: number): Stage<null> {
  return {
    name: "klClip",
    init: () => null,
    apply() {},
    applyAll(directions, parameters, _states, step) {
      let sum = 0;
      directions.forEach((direction, i) => {
        sum += inner(direction, parameters[i]!.gradient!);
      });
      const square = step.lr * step.lr * sum;
      if (!(square > kappa)) return;
      const nu = Math.sqrt(kappa / square);
      for (const direction of directions) scaleInPlace(direction, nu);
    },
  };
}
