import { defineExperiment } from "layerwise/experiments";
import { z } from "zod";

/** A fixed amount of arithmetic: about 20 ms on a processor of 2020. */
export default defineExperiment({
  id: "stress",
  title: "A fixed amount of arithmetic",
  summary: "Sums a chaotic orbit, in which any difference in the arithmetic shows.",
  schema: z.strictObject({
    steps: z.int().min(1).max(1e9).default(6_000_000).describe("length of the orbit"),
    seed: z.int().min(0).default(0).describe("start of the orbit"),
  }),
  trial({ steps, seed }, { record }) {
    let x = (seed + 0.5) / (seed + 2.5);
    let sum = 0;
    for (let step = 0; step < steps; step++) {
      x = 3.99 * x * (1 - x);
      sum += x;
      if (step % 1_000_000 === 0) record({ step, x });
    }
    return { sum };
  },
});
