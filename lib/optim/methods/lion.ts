import { defineMethod } from "../method.js";
import { positive, unit } from "../options.js";
import { interpolate, sign } from "../stages/sign.js";

/** Lion (Chen et al. 2023, arXiv 2302.06675, Algorithm 2): W ← W − η sign(β₁M + (1−β₁)G), then M ← β₂M + (1−β₂)G. */
export const lion = defineMethod({
  id: "lion",
  title: "Lion",
  reference: "Chen et al. 2023, arXiv 2302.06675",
  shape: {
    lr: positive(1e-4, "learning rate η"),
    beta1: unit(0.9, "weight of the momentum in the update"),
    beta2: unit(0.99, "averaging factor of the momentum"),
  },
  chain: (o) => [interpolate(o), sign()],
});
