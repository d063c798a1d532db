import { z } from "zod";
import { Factor } from "../factor.js";
import { adaptiveDamping, defaultDampingRule } from "../levenberg-marquardt.js";
import { defineMethod } from "../method.js";
import { count, flag, positive } from "../options.js";
import { hasStatistics, isVector } from "../parameters.js";
import { eigenbasisSolver, inverseRootSolver } from "../roots.js";
import { inputs, outputGradients } from "../sources.js";
import { inEigenbasis } from "../stages/eigenbasis.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import { klClip } from "../stages/scale.js";
import { divideBySpectrum } from "../stages/spectrum.js";
import { adamForVectors, chooseAxes, factorPolicy, factorShape } from "./shared.js";

/**
 * Options of the step, shared by KFAC, EKFAC and FOOF.
 *
 * With μ = 0.9 a rate of 0.1 is a full natural-gradient step on average. What λ makes such steps safe is a matter of the Fisher's scale: here
 * that of per-example gradients, as in Martens & Grosse (2015), where λ starts at 150 for deep autoencoders. The 10⁻³ that
 * circulates belongs to codes whose output side holds gradients of the *mean* loss, n² times smaller (kfac-pytorch). The
 * KL clip is off: κ bounds the divergence of all outputs together, so what is right for ten classes (10⁻³) makes steps
 * timid for 784 pixels.
 */
export const curvatureShape = {
  lr: positive(0.1, "learning rate η"),
  damping: positive(0.1, "Tikhonov damping λ of the Fisher block A ⊗ B"),
  momentum: positive(0.9, "heavy-ball factor on the preconditioned gradient"),
  klClip: z.number().positive().nullable().default(null).describe("bound κ on the step's KL divergence (quadratic model); null: none"),
};

/** Options of KFAC's chain, shared with FOOF. */
export const kfacShape = { ...factorShape, ...curvatureShape };

/** Without statistics, or as a vector without input statistics, a weight cannot be preconditioned by curvature: Adam takes it. */
export const adamWithoutStatistics = {
  ...adamForVectors,
  applies: (parameter: Parameters<typeof isVector>[0]) =>
    !hasStatistics(parameter) || (isVector(parameter) && parameter.inputs === undefined),
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
  layerwise: true,
  curvature: true,
  shape: {
    ...kfacShape,
    split: z
      .enum(["pi", "plain", "exact"])
      .default("pi")
      .describe("how λ enters: √λ/π and π√λ on the factors, λ on each factor, or λ_B λ_Aᵀ + λ in the eigenbases"),
    adaptive: flag(false, "adapt λ by the reduction ratio (Levenberg–Marquardt, §6.5); step(closure) then"),
    period: count(5, "adapt λ every so many steps"),
    omega: z.number().gt(0).lt(1).default(defaultDampingRule.omega).describe("λ changes by ω^period"),
    reject: flag(false, "with adaptive: take a step back that raised the batch's loss, and quadruple λ (the paper keeps every step)"),
  },
  chain: (o, shared) => {
    const rule = { ...defaultDampingRule, omega: o.omega, period: o.period, reject: o.reject };
    const controller = o.adaptive ? adaptiveDamping(o.damping, rule, shared) : null;
    if (controller && o.split !== "pi") throw new TypeError('kfac: option "adaptive" needs split "pi"');
    // λ belongs to the product of the factors in the other splits, so it has no unit of a single factor's.
    for (const [key, idle] of [
      ["relativeTo", o.relativeTo === null],
      ["dampingFloor", o.dampingFloor === 0],
      ["spectrum", o.spectrum === "add" || o.split === "pi"],
    ] as const) {
      if (!idle && o.split !== "plain") throw new TypeError(`kfac: option "${key}" needs split "plain", got "${o.split}"`);
    }
    const exact = o.split === "exact";
    const policy = factorPolicy(o, o.split === "plain" ? o.damping : 0);
    const solver = exact ? eigenbasisSolver("eigh") : inverseRootSolver(1);
    const both = {
      left: { source: outputGradients, factor: new Factor("left", solver, policy) },
      right: { source: inputs, factor: new Factor("right", solver, policy) },
    };
    const axes = chooseAxes(both, o.maxDim);
    const stages = [
      exact
        ? inEigenbasis(axes, [divideBySpectrum(o.damping)], { accumulate: "before" })
        : kronecker(axes, { split: o.split === "pi" ? (controller ?? { lambda: () => o.damping }) : null }),
      ...(o.klClip === null ? [] : [klClip(o.klClip)]),
      momentum({ mu: o.momentum }),
    ];
    return controller ? { stages, controller } : stages;
  },
  diagonal: adamWithoutStatistics,
});
