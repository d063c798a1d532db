import { Factor } from "../factor.js";
import { defineMethod } from "../method.js";
import { inverseRootSolver } from "../roots.js";
import { inputs } from "../sources.js";
import { kronecker } from "../stages/kronecker.js";
import { momentum } from "../stages/momentum.js";
import { klClip } from "../stages/scale.js";
import { adamWithoutStatistics, kfacShape } from "./kfac.js";
import { chooseAxes, factorPolicy } from "./shared.js";

/** FOOF (Benzing 2022, arXiv 2201.12250, eq. 3): KFAC with the identity for the output side, U = G (A + λI)^{-1}, A = E[a aᵀ]. */
export const foof = defineMethod({
  id: "foof",
  title: "FOOF",
  reference: "Benzing 2022, arXiv 2201.12250",
  layerwise: true,
  shape: kfacShape,
  chain: (o) => [
    kronecker(
      chooseAxes(
        { left: null, right: { source: inputs, factor: new Factor("right", inverseRootSolver(1), factorPolicy(o, o.damping)) } },
        o.maxDim,
      ),
    ),
    ...(o.klClip === null ? [] : [klClip(o.klClip)]),
    momentum({ mu: o.momentum }),
  ],
  diagonal: adamWithoutStatistics,
});
