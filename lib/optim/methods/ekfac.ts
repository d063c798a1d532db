import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { flag, positive, unit, withDefault } from "../options.js";
import { eigenbasisSolver } from "../roots.js";
import { inputs, outputGradients } from "../sources.js";
import { inEigenbasis } from "../stages/eigenbasis.js";
import { momentum } from "../stages/momentum.js";
import { klClip } from "../stages/scale.js";
import { secondMoment } from "../stages/spectrum.js";
import { adamWithoutStatistics, curvatureShape } from "./kfac.js";
import { basisShape, chooseAxes, factorPolicy } from "./shared.js";

/**
 * EKFAC (George et al. 2018, arXiv 1806.03884): KFAC's eigenbases U_B, U_A, the diagonal re-estimated in them,
 * S = E[(U_Bᵀ δ aᵀ U_A)²]; U = U_B [(U_Bᵀ G U_A) ⊘ (S + λ)] U_Aᵀ.
 *
 * λ is exactly what is added. KFAC's split damping, (B + √λ/π I) ⊗ (A + π√λ I), adds the cross terms π√λ B and √λ/π A as
 * well, so one λ damps KFAC far more; hence the larger default here.
 */
export const ekfac = defineMethod({
  id: "ekfac",
  title: "EKFAC",
  reference: "George et al. 2018, arXiv 1806.03884",
  layerwise: true,
  curvature: true,
  shape: {
    ...curvatureShape,
    ...basisShape,
    damping: positive(0.3, "λ added to the second moment"),
    basis: withDefault(basisShape.basis, "eigh"),
    every: withDefault(basisShape.every, 1),
    secondMomentBeta: unit(0.95, "averaging factor of the second moment in the basis"),
    reestimate: flag(false, "start the second moment afresh when the basis turns, instead of transporting it"),
  },
  chain: (o) => {
    const policy = factorPolicy(o, 0);
    return [
      inEigenbasis(
        chooseAxes(
          {
            left: { source: outputGradients, factor: new Factor("left", eigenbasisSolver(o.basis), policy) },
            right: { source: inputs, factor: new Factor("right", eigenbasisSolver(o.basis), policy) },
          },
          o.maxDim,
        ),
        [secondMoment({ beta: o.secondMomentBeta, lambda: o.damping, reestimate: o.reestimate })],
        { accumulate: "before" },
      ),
      ...(o.klClip === null ? [] : [klClip(o.klClip)]),
      momentum({ mu: o.momentum }),
    ];
  },
  diagonal: adamWithoutStatistics,
});
