import { defineMethod } from "../method.js";
import { positive } from "../options.js";
import { adagrad as adagradStage, coupledDecay } from "../stages/diagonal.js";

/** Adagrad (Duchi, Hazan & Singer 2011, JMLR 12): V ← V + G², W ← W − η G/(√V + ε). */
export const adagrad = defineMethod({
  id: "adagrad",
  title: "Adagrad",
  reference: "Duchi, Hazan & Singer 2011, JMLR 12",
  shape: {
    lr: positive(0.01, "learning rate η"),
    epsilon: positive(1e-10, "added to the root of the sum of squares"),
    coupledDecay: positive(0, "L2 regularisation added to the gradient"),
  },
  chain: (o) => [coupledDecay(o.coupledDecay), adagradStage(o)],
});
