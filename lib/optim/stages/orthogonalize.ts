import { orthogonalize as polar } from "../../linalg/index.js";
import { frobenius } from "../elementwise.js";
import { Scratch } from "../scratch.js";
import type { Stage } from "../types.js";

/** How polar factors are computed. */
export type Polar = "newton-schulz" | "polar-express" | "exact";

/** D ← the orthogonal polar factor U Vᵀ of D = U Σ Vᵀ, exactly or by `steps` matrix polynomials; zero stays zero, NaN and Inf stay for the optimizer to refuse. */
export function orthogonalize({ method, steps }: { method: Polar; steps: number }): Stage<null> {
  const scratch = new Scratch();
  return {
    name: "orthogonalize",
    init: () => null,
    apply(direction) {
      const norm = frobenius(direction);
      if (!(norm > 0 && norm < Number.POSITIVE_INFINITY)) return;
      direction.copy(polar(direction, { method, steps, out: scratch.like(direction) }));
    },
  };
}
