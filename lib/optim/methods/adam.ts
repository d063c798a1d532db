import { defineMethod } from "../method.js";
import { flag, positive, unit } from "../options.js";
import { adam as adamStage } from "../stages/adam.js";
import { coupledDecay } from "../stages/diagonal.js";

/** The options of the Adam stage, shared by every method that contains it. */
export const adamShape = {
  beta1: unit(0.9, "averaging factor of the first moment"),
  beta2: unit(0.999, "averaging factor of the second moment"),
  epsilon: positive(1e-8, "added to the root of the second moment"),
};

/** Adam (Kingma & Ba 2015, arXiv 1412.6980, Algorithm 1): W ← W − η m̂/(√v̂ + ε). Weight decay, if any, is L2 (`coupledDecay`) or decoupled (`decay`). */
export const adam = defineMethod({
  id: "adam",
  title: "Adam",
  reference: "Kingma & Ba 2015, arXiv 1412.6980; AMSGrad: Reddi, Kale & Kumar 2018, arXiv 1904.09237",
  shape: {
    ...adamShape,
    amsgrad: flag(false, "divide by the largest second moment so far"),
    coupledDecay: positive(0, "L2 regularisation added to the gradient"),
  },
  chain: (o) => [coupledDecay(o.coupledDecay), adamStage(o)],
});
