import { defineMethod } from "../method.js";
import { whitenedGradientOuter } from "../sources.js";
import { klShape } from "./kl-shampoo.js";
import { adamForVectors, factorPolicy } from "./shared.js";
import { adamInEigenbasis, soapShape } from "./soap.js";

/** KL-SOAP (Lin et al. 2025, arXiv 2509.03378, §5): SOAP in the eigenbases of KL-Shampoo's factors. */
export const klSoap = defineMethod({
  id: "kl-soap",
  title: "KL-SOAP",
  reference: "Lin et al. 2025, arXiv 2509.03378",
  shape: { ...soapShape, ...pick(klShape) },
  chain: (o) => [adamInEigenbasis(o, factorPolicy(o, o.damping), whitenedGradientOuter)],
  diagonal: adamForVectors,
});

/** What KL statistics ask for beyond SOAP's own: whitening divides by a damped spectrum. */
function pick({ biasCorrection, firstBatchStart, relativeTo, dampingFloor, damping }: typeof klShape) {
  return { biasCorrection, firstBatchStart, relativeTo, dampingFloor, damping };
}
