import { defineMethod } from "../method.js";
import { positive, unit } from "../options.js";
import { coupledDecay, rmsprop as rmspropStage } from "../stages/diagonal.js";
import { momentum } from "../stages/momentum.js";

/** RMSProp (Tieleman & Hinton 2012, lecture 6.5), torch semantics: V ← αV + (1−α)G², momentum on G/(√V + ε). */
export const rmsprop = defineMethod({
  id: "rmsprop",
  title: "RMSProp",
  reference: "Tieleman & Hinton 2012",
  shape: {
    lr: positive(0.01, "learning rate η"),
    alpha: unit(0.99, "averaging factor of the second moment"),
    epsilon: positive(1e-8, "added to the root of the second moment"),
    momentum: positive(0, "heavy-ball factor μ"),
    coupledDecay: positive(0, "L2 regularisation added to the gradient"),
  },
  chain: (o) => [coupledDecay(o.coupledDecay), rmspropStage(o), momentum({ mu: o.momentum })],
});
