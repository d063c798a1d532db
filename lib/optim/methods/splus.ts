import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { positive, unit, withDefault } from "../options.js";
import { isVector } from "../parameters.js";
import { eigenbasisSolver } from "../roots.js";
import { gradientOuter } from "../sources.js";
import { inEigenbasis } from "../stages/eigenbasis.js";
import { momentum } from "../stages/momentum.js";
import { scaleByShape } from "../stages/scale.js";
import { sign } from "../stages/sign.js";
import { basisShape, chooseAxes, factorPolicy } from "./shared.js";

/**
 * SPlus (Frans, Levine & Abbeel 2025, arXiv 2506.07254, Algorithm 1): U = Q_L sign(Q_Lᵀ M Q_R) Q_Rᵀ · 2/(m+n), M an average of G, Q the
 * eigenbases of averages of GGᵀ and GᵀG, refreshed after the step. The first gradient only makes the bases (the paper
 * takes a plain sign step with it, which depends on the coordinates). Evaluate at the averaged weights (`averaged`). Vectors:
 * sign of the momentum.
 */
export const splus = defineMethod({
  id: "splus",
  title: "SPlus",
  reference: "Frans, Levine & Abbeel 2025, arXiv 2506.07254",
  shape: {
    ...basisShape,
    lr: positive(0.1, "learning rate η"),
    vectorLr: positive(1e-4, "learning rate of vectors"),
    beta: withDefault(basisShape.beta, 0.999),
    every: withDefault(basisShape.every, 100),
    basis: withDefault(basisShape.basis, "eigh"),
    momentum: unit(0.9, "averaging factor of the gradient"),
    average: unit(0.999, "averaging factor of the weights"),
  },
  chain: (o) => {
    const axis = (side: "left" | "right") => ({
      source: gradientOuter,
      factor: new Factor(side, eigenbasisSolver(o.basis), factorPolicy(o, 0)),
    });
    const inner = [momentum({ mu: o.momentum, ema: true }), sign()];
    return [
      inEigenbasis(chooseAxes({ left: axis("left"), right: axis("right") }, o.maxDim), inner, { accumulate: "after", holdFirst: true }),
      scaleByShape("splus"),
    ];
  },
  diagonal: { applies: isVector, chain: (o) => [momentum({ mu: o.momentum, ema: true }), sign()] },
});
