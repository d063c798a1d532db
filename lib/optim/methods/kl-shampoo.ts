import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { positive, unit, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { whitenedGradientOuter } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import { adamForVectors, chooseAxes, factorPolicy, factorShape } from "./shared.js";

/** Options of KL statistics: the start is the first gradient's, in the source, so there is no bias to correct. */
export const klShape = {
  ...factorShape,
  biasCorrection: withDefault(factorShape.biasCorrection, false),
  firstBatchStart: withDefault(factorShape.firstBatchStart, true),
  relativeTo: withDefault(factorShape.relativeTo, "trace"),
  damping: positive(1e-6, "damping of the factors (see relativeTo)"),
};

/**
 * KL-Shampoo (Lin et al. 2025, arXiv 2509.03378, eq. 6): the factors minimise KL(N(0, E[ggᵀ]) ‖ N(0, L ⊗ R)),
 * L ← βL + (1−β) G R^{-1} Gᵀ/n, R ← βR + (1−β) Gᵀ L^{-1} G/m; W ← W − η L^{-1/2} M R^{-1/2}. Damping relative to the trace keeps it
 * invariant to the scale of the gradient; no grafting is needed.
 */
export const klShampoo = defineMethod({
  id: "kl-shampoo",
  title: "KL-Shampoo",
  reference: "Lin et al. 2025, arXiv 2509.03378",
  shape: {
    ...klShape,
    lr: positive(3e-3, "learning rate η"),
    momentum: unit(0.9, "averaging factor of the gradient"),
    maxDim: withDefault(factorShape.maxDim, 2048),
  },
  chain: (o) => {
    const axis = (side: "left" | "right") => ({
      source: whitenedGradientOuter(),
      factor: new Factor(side, inverseRootSolver(1 / 2), factorPolicy(o, o.damping)),
    });
    const filter = [momentum({ mu: o.momentum, ema: true, biasCorrection: true })];
    return [kronecker(chooseAxes({ left: axis("left"), right: axis("right") }, o.maxDim), { filter })];
  },
  diagonal: adamForVectors,
});
