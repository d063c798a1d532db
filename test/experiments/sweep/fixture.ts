// A user's own experiment, as the command line loads it: TypeScript, the package by its name, a local import.
import { defineExperiment } from "layerwise/experiments";
import { z } from "zod";
import { orbit } from "./fixture-orbit.js";

export default defineExperiment({
  id: "orbit",
  title: "An orbit",
  summary: "Sums a chaotic orbit, so that any difference in the arithmetic shows; misbehaves on demand.",
  schema: z.strictObject({
    rate: z.number().min(3.5).max(4).default(3.99).describe("of the logistic map"),
    steps: z.int().min(1).max(1_000_000).default(50).describe("length of the orbit"),
    label: z.string().default("plain").describe("any text"),
    mode: z.enum(["plain", "throw", "crash", "hang"]).default("plain").describe("how the trial ends"),
    wait: z.number().min(0).max(10).default(0).describe("seconds of waiting"),
    seed: z.int().min(0).default(0).describe("start of the orbit"),
  }),
  async trial({ rate, steps, mode, wait, seed, label }, { stream, record }) {
    if (mode === "throw") throw new Error("thrown on purpose <script>alert(1)</script>");
    if (mode === "crash") process.kill(process.pid, "SIGSEGV");
    if (mode === "hang") for (;;);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    let sum = 0;
    orbit(rate, (seed + 0.5) / (seed + 2), steps, (x, step) => {
      sum += x;
      if (step % 10 === 0) record({ step, x });
    });
    return { sum, noise: { first: stream.normals(1)[0]! }, never: Number.NaN, label };
  },
});
