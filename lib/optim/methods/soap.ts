import { z } from "zod";
import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { flag, positive, withDefault } from "../options.js";
import type { FactorPolicy } from "../policy.js";
import { eigenbasisSolver } from "../roots.js";
import { gradientOuter, type Source } from "../sources.js";
import { adam, type Transport } from "../stages/adam.js";
import { inEigenbasis } from "../stages/eigenbasis.js";
import type { Stage } from "../types.js";
import { adamShape } from "./adam.js";
import { adamForVectors, basisShape, chooseAxes, factorPolicy } from "./shared.js";

/** Options of SOAP, shared with KL-SOAP and SOAP-Muon. */
export const soapShape = {
  ...adamShape,
  ...basisShape,
  lr: positive(3e-3, "learning rate η"),
  beta: withDefault(basisShape.beta, 0.95).describe("averaging factor of the statistics L and R"),
  beta1: withDefault(adamShape.beta1, 0.95),
  beta2: withDefault(adamShape.beta2, 0.95),
  oneSided: flag(false, "precondition the shorter axis only"),
  holdFirst: flag(true, "the first gradient only makes the bases (as the reference code does)"),
  transport: z
    .enum(["hadamard", "none"])
    .default("hadamard")
    .describe("how Adam's second moment follows the bases: (R∘R)ᵀV, or not at all"),
};

interface SoapOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly transport: Transport;
  readonly basis: "qr" | "eigh";
  readonly maxDim: number;
  readonly oneSided: boolean;
  readonly holdFirst: boolean;
}

/** Adam in the eigenbases of two factors: SOAP's stage, with any source of statistics. */
export function adamInEigenbasis(o: SoapOptions, policy: FactorPolicy, source: () => Source): Stage {
  const axis = (side: "left" | "right") => ({ source: source(), factor: new Factor(side, eigenbasisSolver(o.basis), policy) });
  return inEigenbasis(chooseAxes({ left: axis("left"), right: axis("right") }, o.maxDim, o.oneSided), [adam(o)], {
    accumulate: "after",
    holdFirst: o.holdFirst,
  });
}

/**
 * SOAP (Vyas et al. 2024, arXiv 2409.11321, Algorithm 3): Adam in the eigenbases of Shampoo's L and R, refreshed every `every`
 * steps by one QR step. When a basis turns by R, M turns with it (as if it were kept in the original space) and V is
 * transported by R∘R, so that no second moment is left on a stale column.
 */
export const soap = defineMethod({
  id: "soap",
  title: "SOAP",
  reference: "Vyas et al. 2024, arXiv 2409.11321",
  shape: soapShape,
  chain: (o) => [adamInEigenbasis(o, factorPolicy(o, 0), () => gradientOuter)],
  diagonal: adamForVectors,
});
