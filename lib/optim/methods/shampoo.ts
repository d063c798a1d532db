import { z } from "zod";
import type { Real } from "../../linalg/matrix.js";
import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { count, flag, positive, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { gradientOuter } from "../sources.js";
import { adam } from "../stages/adam.js";
import { blocked } from "../stages/blocked.js";
import { adagrad, rmsprop } from "../stages/diagonal.js";
import { graft } from "../stages/graft.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import { unitRms } from "../stages/scale.js";
import type { Parameter, Stage } from "../types.js";
import { adamForVectors, chooseAxes, factorPolicy, factorShape } from "./shared.js";

/** Chains that lend their norm. */
export const magnitudes: Record<string, () => Stage[]> = {
  sgd: () => [],
  adagrad: () => [adagrad({ epsilon: 1e-10 })],
  rmsprop: () => [rmsprop({ alpha: 0.99, epsilon: 1e-8 })],
  adam: () => [adam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })],
  rms: () => [unitRms()],
};

/**
 * Shampoo (Gupta, Koren & Singer 2018, arXiv 1802.09568, Algorithm 1): L ← L + GGᵀ, R ← R + GᵀG (`statistics: "sum"`) or
 * averages with β; W ← W − η (L + εI)^{-1/p} G (R + εI)^{-1/p}. p = 4 is the paper's, p = 2 the power of
 * Morwani et al. 2024 (arXiv 2406.17748). An axis longer than `maxDim` is left alone and the other gets −½ (for p = 4).
 */
export const shampoo = defineMethod({
  id: "shampoo",
  title: "Shampoo",
  reference: "Gupta, Koren & Singer 2018, arXiv 1802.09568; Anil et al. 2020, arXiv 2002.09018",
  shape: {
    ...factorShape,
    lr: positive(0.01, "learning rate η"),
    beta: withDefault(factorShape.beta, 0.999),
    // Relative, as in Anil et al.: an absolute ε would amplify what a rank-deficient factor has not seen yet without bound.
    damping: positive(1e-6, "ε added to each factor, relative to tr(A)/d unless relativeTo says otherwise"),
    relativeTo: withDefault(factorShape.relativeTo, "trace"),
    dampingFloor: withDefault(factorShape.dampingFloor, 1e-30),
    p: z.number().positive().default(4).describe("each factor is raised to −1/p"),
    graft: z
      .enum(["none", "sgd", "adagrad", "rmsprop", "adam", "rms"])
      .default("none")
      .describe("take the norm of the step from this method"),
    start: count(1, "first step that uses the preconditioner; before it the grafting method steps"),
    maxDim: withDefault(factorShape.maxDim, 2048),
    oneSided: flag(false, "precondition the shorter axis only"),
    blockSize: z.number().int().positive().nullable().default(null).describe("precondition blocks of at most this size each for itself"),
    momentum: positive(0, "averaging factor of the direction"),
    nesterov: flag(false, "Nesterov form of the momentum"),
  },
  chain: (o) => {
    const policy = factorPolicy(o, o.damping);
    const axis = (side: "left" | "right", power: number) => ({
      source: gradientOuter,
      factor: new Factor(side, inverseRootSolver(power), policy),
    });
    // The powers add up to 2/p whether one axis is preconditioned or both.
    const both = chooseAxes({ left: axis("left", 1 / o.p), right: axis("right", 1 / o.p) }, o.maxDim);
    const one = chooseAxes({ left: axis("left", 2 / o.p), right: axis("right", 2 / o.p) }, o.maxDim, o.oneSided);
    const axes = (parameter: Parameter<Real>) => {
      const { rows, cols } = parameter.value;
      return o.oneSided || Math.max(rows, cols) > o.maxDim ? one(parameter) : both(parameter);
    };
    const precondition = kronecker(axes, { start: o.start });
    const direction = o.graft === "none" ? [precondition] : [graft([precondition], magnitudes[o.graft]!(), { start: o.start })];
    return [
      ...(o.blockSize === null ? direction : [blocked(direction, o.blockSize)]),
      momentum({ mu: o.momentum, nesterov: o.nesterov, ema: true, biasCorrection: true }),
    ];
  },
  diagonal: adamForVectors,
});
