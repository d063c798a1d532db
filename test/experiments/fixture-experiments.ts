import { z } from "zod";
import { defineExperiment } from "../../lib/experiments/define.js";

/** Experiments that misbehave on demand, for the tests of executors and of the command line. */
export const experiments = [
  defineExperiment({
    id: "arithmetic",
    title: "Arithmetic",
    summary: "Sums a logistic orbit: chaotic, so any difference in the arithmetic shows.",
    schema: z.strictObject({
      steps: z.number().int().min(1).max(100_000).default(100).describe("length of the orbit"),
      mode: z.enum(["plain", "throw", "crash", "exit", "hang"]).default("plain").describe("how the trial ends"),
      seed: z.number().int().nonnegative().default(0).describe("start of the orbit"),
    }),
    trial: ({ steps, mode, seed }, { record }) => {
      if (mode === "throw") throw new Error("thrown on purpose");
      if (mode === "crash") process.kill(process.pid, "SIGSEGV");
      if (mode === "exit") process.exit(7);
      if (mode === "hang") for (;;);
      let x = (seed + 0.5) / (seed + 2);
      let sum = 0;
      for (let step = 0; step < steps; step++) {
        x = 3.99 * x * (1 - x);
        sum += x;
        if (step % 10 === 0) record({ step, x });
      }
      return { sum, never: Number.NaN };
    },
  }),
];
