import { defineMethod } from "../method.js";
import { flag, positive } from "../options.js";
import { coupledDecay } from "../stages/diagonal.js";
import { momentum } from "../stages/momentum.js";

/**
 * Stochastic gradient descent with heavy-ball or Nesterov momentum (Polyak 1964; Sutskever et al. 2013), torch semantics:
 * M ← μM + (1 − dampening)G, W ← W − ηM (or G + μM).
 */
export const sgd = defineMethod({
  id: "sgd",
  title: "Stochastic gradient descent",
  reference: "Robbins & Monro 1951; Polyak 1964; Sutskever, Martens, Dahl & Hinton 2013",
  shape: {
    lr: positive(0.01, "learning rate η"),
    momentum: positive(0, "heavy-ball factor μ"),
    dampening: positive(0, "the gradient enters the momentum with 1 − dampening"),
    nesterov: flag(false, "look ahead by one momentum step"),
    coupledDecay: positive(0, "L2 regularisation added to the gradient"),
  },
  chain: (o) => [coupledDecay(o.coupledDecay), momentum({ mu: o.momentum, dampening: o.dampening, nesterov: o.nesterov })],
});
