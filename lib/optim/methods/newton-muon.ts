import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { positive, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { inputs } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { muonShape, muonStages } from "./muon.js";
import { adamForVectors, chooseAxes, factorPolicy, factorShape } from "./shared.js";

/**
 * Newton-Muon (arXiv 2604.01472): FOOF, then Muon: polar of the momentum of G (K + γI)^{-1}, K = E[a aᵀ], γ = 0.2 tr(K)/n. The
 * published code refreshes every 64 steps.
 */
export const newtonMuon = defineMethod({
  id: "newton-muon",
  title: "Newton-Muon",
  reference: "arXiv 2604.01472",
  layerwise: true,
  shape: {
    ...factorShape,
    ...muonShape,
    damping: positive(0.2, "γ, in units of tr(K)/n unless relativeTo says otherwise"),
    relativeTo: withDefault(factorShape.relativeTo, "trace"),
    every: withDefault(factorShape.every, 64),
  },
  chain: (o) => [
    kronecker(
      chooseAxes(
        { left: null, right: { source: inputs, factor: new Factor("right", inverseRootSolver(1), factorPolicy(o, o.damping)) } },
        o.maxDim,
      ),
    ),
    ...muonStages(o),
  ],
  diagonal: adamForVectors,
});
