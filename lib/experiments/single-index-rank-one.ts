import { z } from "zod";
import {
  initialStudent,
  kfacDirection,
  links,
  outputGradients,
  placement,
  plainStep,
  preconditionedStep,
  rankOneError,
  SingleIndexTeacher,
  sgdDirection,
} from "../models/single-index/index.js";
import { defineExperiment } from "./define.js";
import { summarize, targetKeys } from "./single-index-common.js";
import { checkSpectrum, spectrumOf } from "./spectrum.js";

/** What the second layer is multiplied by for its output to be negligible: the error is relative, so only that matters. */
const NEGLIGIBLE = 1e-6;

export const singleIndexRankOne = defineExperiment({
  id: "single-index-rank-one",
  title: "How nearly the first step has rank one",
  summary:
    "The first gradient of a two-layer ReLU network on a single-index target, plain or preconditioned as by KFAC, against its rank-one form −½ f βᵀ: relative error in operator and in Frobenius norm.",
  schema: z.strictObject({
    d: z.int().min(2).max(2000).default(100).describe("input dimension"),
    hidden: z.int().min(1).max(8000).default(200).describe("hidden units"),
    n: z.int().min(2).max(100_000).default(1600).describe("samples of the step"),
    ...targetKeys,
    output: z
      .enum(["negligible", "initial"])
      .default("negligible")
      .describe("residual of the gradient: −y, as where the network's first output is negligible, or f(x) − y with f ~ N(0, I/hidden)"),
    draws: z.int().min(1).max(10_000).default(8).describe("independent draws"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check: (config) => checkSpectrum("single-index-rank-one", config, config.d),
  trial(config, { stream }) {
    const { d, hidden, n, sigma, noise, damping, output, draws } = config;
    const spectrum = spectrumOf(config, d);
    const teacher = new SingleIndexTeacher(spectrum, placement(spectrum, "isotropic"), links[sigma], noise);
    const errors = { sgd: [] as { operator: number; frobenius: number }[], kfac: [] as { operator: number; frobenius: number }[] };
    for (let draw = 0; draw < draws; draw++) {
      const own = stream.child("draw", draw);
      const { g, f } = initialStudent(own.child("student"), hidden, d);
      const { inputs, labels } = teacher.sample(own.child("samples"), n);
      const head = output === "negligible" ? f.map((value) => NEGLIGIBLE * value) : f;
      const delta = outputGradients(g, head, inputs, labels);
      errors.sgd.push(rankOneError(plainStep(inputs, delta), head, sgdDirection(inputs, labels)));
      errors.kfac.push(rankOneError(preconditionedStep(inputs, delta, damping), head, kfacDirection(inputs, labels, damping)));
    }
    const of = (found: readonly { operator: number; frobenius: number }[]) => {
      const norms = (name: "operator" | "frobenius") => {
        const values = found.map((error) => error[name]);
        return { ...summarize(values), draws: values };
      };
      return { operator: norms("operator"), frobenius: norms("frobenius") };
    };
    return { sgd: of(errors.sgd), kfac: of(errors.kfac) };
  },
});
