import { z } from "zod";
import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { isVector } from "../optimizer.js";
import { positive } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { inputs, outputGradients } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import { klClip } from "../stages/scale.js";
import { adamForVectors, factorPolicy, factorShape } from "./shared.js";

/** Options of KFAC's chain, shared with EKFAC and FOOF. */
export const kfacShape = {
  ...factorShape,
  lr: positive(0.1, "learning rate η"),
  damping: positive(1e-3, "Tikhonov damping λ of the Fisher block A ⊗ B"),
  momentum: positive(0.9, "heavy-ball factor on the preconditioned gradient"),
  klClip: z.number().positive().nullable().default(null).describe("bound κ on the step's KL divergence (quadratic model); null: none"),
};

/** Vectors without input statistics cannot be preconditioned by curvature: Adam takes them. */
export const adamWithoutStatistics = {
  ...adamForVectors,
  applies: (parameter: Parameters<typeof isVector>[0]) => isVector(parameter) && !parameter.inputs,
};

/**
 * KFAC (Martens & Grosse 2015, arXiv 1503.05671): A = E[a aᵀ], B = E[δ δᵀ] averaged with β,
 * U = (B + √λ/π I)^{-1} G (A + π√λ I)^{-1}, π = √((tr A/n)/(tr B/m)) (§6.3).
 *
 * Whose labels δ are taken for (true, sampled or exact Fisher, empirical) is the caller's choice: the factor holds what
 * `outputGradients` shows, per example.
 */
export const kfac = defineMethod({
  id: "kfac",
  title: "KFAC",
  reference: "Martens & Grosse 2015, arXiv 1503.05671",
  shape: {
    ...kfacShape,
    split: z.enum(["pi", "plain"]).default("pi").describe("how λ is shared: √λ/π and π√λ, or λ added to each factor"),
  },
  chain: (o) => {
    const policy = factorPolicy(o, o.damping);
    const left = { source: outputGradients, factor: new Factor("left", inverseRootSolver(1), policy) };
    const right = { source: inputs, factor: new Factor("right", inverseRootSolver(1), policy) };
    return [
      kronecker({ left, right }, { split: o.split === "pi" ? { lambda: () => o.damping } : null }),
      ...(o.klClip === null ? [] : [klClip(o.klClip)]),
      momentum({ mu: o.momentum }),
    ];
  },
  diagonal: adamWithoutStatistics,
});
