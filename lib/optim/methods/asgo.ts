import { z } from "zod";
import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { positive, unit, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { gradientOuter } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import { unitRms } from "../stages/scale.js";
import { adamForVectors, chooseAxes, factorPolicy, factorShape } from "./shared.js";

/**
 * ASGO / one-sided Shampoo (An et al. 2025, arXiv 2503.20762, Algorithm 1; Xie et al. 2025): only the shorter axis, with power ½,
 * L ← βL + (1−β)GGᵀ, W ← W − η L^{-1/2} M. The authors' code scales the step to an rms of 0.2 (`rms`).
 */
export const asgo = defineMethod({
  id: "asgo",
  title: "ASGO (one-sided Shampoo)",
  reference: "An et al. 2025, arXiv 2503.20762",
  shape: {
    ...factorShape,
    lr: positive(5e-3, "learning rate η"),
    beta: withDefault(factorShape.beta, 0.8),
    damping: positive(1e-8, "damping of the factor (see relativeTo)"),
    relativeTo: withDefault(factorShape.relativeTo, "trace"),
    momentum: unit(0.9, "averaging factor of the gradient"),
    rms: z.number().positive().nullable().default(0.2).describe("root mean square of the direction; null: as it comes"),
    maxDim: withDefault(factorShape.maxDim, 2048),
  },
  chain: (o) => {
    const axis = (side: "left" | "right") => ({
      source: gradientOuter,
      factor: new Factor(side, inverseRootSolver(1 / 2), factorPolicy(o, o.damping)),
    });
    const filter = [momentum({ mu: o.momentum, ema: true, biasCorrection: true })];
    return [
      kronecker(chooseAxes({ left: axis("left"), right: axis("right") }, o.maxDim, true), { filter }),
      ...(o.rms === null ? [] : [unitRms(o.rms)]),
    ];
  },
  diagonal: adamForVectors,
});
