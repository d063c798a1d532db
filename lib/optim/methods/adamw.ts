import { defineMethod } from "../method.js";
import { flag, positive } from "../options.js";
import { adam } from "../stages/adam.js";
import { adamShape } from "./adam.js";

/** AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101): Adam with decoupled decay, W ← (1 − η·decay)W first. */
export const adamw = defineMethod({
  id: "adamw",
  title: "AdamW",
  reference: "Loshchilov & Hutter 2019, arXiv 1711.05101",
  shape: {
    ...adamShape,
    decay: positive(0.01, "decoupled weight decay"),
    amsgrad: flag(false, "divide by the largest second moment so far"),
  },
  chain: (o) => [adam(o)],
});
