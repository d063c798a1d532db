import { z } from "zod";
import { defineMethod } from "../method.js";
import { count, flag, positive, unit } from "../options.js";
import { momentum } from "../stages/momentum.js";
import { orthogonalize, type Polar } from "../stages/orthogonalize.js";
import { type ShapeScale, scaleByShape } from "../stages/scale.js";
import type { Stage } from "../types.js";
import { adamForVectors } from "./shared.js";

/** Options of the polar factor and its scale, shared by the orthogonalised methods. */
export const polarShape = {
  polar: z.enum(["newton-schulz", "polar-express", "exact"]).default("newton-schulz").describe("how the polar factor is computed"),
  polarSteps: count(5, "iterations of the polar factor (not for exact)"),
  scale: z
    .enum(["none", "muon", "moonlight", "spectral", "splus"])
    .default("muon")
    .describe("√max(1, m/n); 0.2 √max(m, n); √(m/n); 2/(m+n)"),
};

/** Options of Muon's chain. */
export const muonShape = {
  ...polarShape,
  lr: positive(0.02, "learning rate η"),
  momentum: unit(0.95, "averaging factor of the gradient"),
  nesterov: flag(true, "Nesterov form of the momentum"),
};

/** Polar factor, then scale. */
export function polarStages(o: { polar: Polar; polarSteps: number; scale: ShapeScale }): Stage[] {
  return [orthogonalize({ method: o.polar, steps: o.polarSteps }), scaleByShape(o.scale)];
}

/** Momentum, polar factor, scale. */
export function muonStages(o: { momentum: number; nesterov: boolean; polar: Polar; polarSteps: number; scale: ShapeScale }): Stage[] {
  return [momentum({ mu: o.momentum, nesterov: o.nesterov, ema: true }), ...polarStages(o)];
}

/**
 * Muon (Jordan et al. 2024; Liu et al. 2025, arXiv 2502.16982): M ← μM + (1−μ)G, W ← W − η s(m, n) polar(M), polar(UΣVᵀ) = UVᵀ by five
 * Newton–Schulz quintics, Polar Express (Amsel et al. 2025, arXiv 2505.16932) or exactly.
 */
export const muon = defineMethod({
  id: "muon",
  title: "Muon",
  reference: "Jordan et al. 2024; Liu et al. 2025, arXiv 2502.16982",
  shape: muonShape,
  chain: muonStages,
  diagonal: adamForVectors,
});
