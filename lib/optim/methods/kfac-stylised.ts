import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { positive, withDefault } from "../options.js";
import { inverseRootSolver } from "../roots.js";
import { inputs, outputGradients } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { adamWithoutStatistics } from "./kfac.js";
import { chooseAxes, factorPolicy, factorShape } from "./shared.js";

/**
 * Stylised KFAC of Zhang et al. (ICML 2025, arXiv 2502.01763, §2): W ← W − η P^{-1} ∇L (Q + λI)^{-1}, Q = E[x xᵀ] of the batch.
 *
 * P is what the layer gives as `outputGradients`: `{ moment: FᵀF }` for the first layer of F σ(G x), samples δ for
 * E[δ δᵀ], nothing for the identity (the last layer). By default nothing is averaged over steps and P is not damped.
 */
export const kfacStylised = defineMethod({
  id: "kfac-stylised",
  title: "Stylised KFAC",
  reference: "Zhang et al. 2025, arXiv 2502.01763",
  layerwise: true,
  curvature: true,
  shape: {
    ...factorShape,
    lr: positive(0.1, "learning rate η"),
    damping: positive(0, "λ added to the input moment Q"),
    outputDamping: positive(0, "damping of P"),
    statistics: withDefault(factorShape.statistics, "batch"),
  },
  chain: (o) => [
    kronecker(
      chooseAxes(
        {
          left: { source: outputGradients, factor: new Factor("left", inverseRootSolver(1), factorPolicy(o, o.outputDamping)) },
          right: { source: inputs, factor: new Factor("right", inverseRootSolver(1), factorPolicy(o, o.damping)) },
        },
        o.maxDim,
      ),
    ),
  ],
  diagonal: adamWithoutStatistics,
});
