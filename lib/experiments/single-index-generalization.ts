import { z } from "zod";
import {
  type Batch,
  initialStudent,
  kfacDirection,
  links,
  outputGradients,
  placement,
  plainStep,
  preconditionedStep,
  rankOneStep,
  refit,
  SingleIndexTeacher,
  type Student,
  sgdDirection,
  takeStep,
} from "../models/single-index/index.js";
import { defineExperiment } from "./define.js";
import { summarize, targetKeys } from "./single-index-common.js";
import { checkSpectrum, spectrumOf } from "./spectrum.js";

/** Fresh samples to choose the penalty on, and to measure the error on. */
const VALIDATION = 1000;
const TEST = 4000;

function rankOneSteps({ f }: Student, { inputs, labels }: Batch, damping: number) {
  return { sgd: rankOneStep(f, sgdDirection(inputs, labels)), kfac: rankOneStep(f, kfacDirection(inputs, labels, damping)) };
}

function gradientSteps({ g, f }: Student, { inputs, labels }: Batch, damping: number) {
  const delta = outputGradients(g, f, inputs, labels);
  return { sgd: plainStep(inputs, delta), kfac: preconditionedStep(inputs, delta, damping) };
}

export const singleIndexGeneralization = defineExperiment({
  id: "single-index-generalization",
  title: "Generalization after one step on the first layer",
  summary:
    "A two-layer ReLU network takes one SGD or KFAC step on its first layer, then its second layer is refitted by ridge regression on fresh data: mean squared error on test inputs against the noiseless target, beside random features (no step).",
  schema: z.strictObject({
    d: z.int().min(2).max(2000).default(200).describe("input dimension"),
    hidden: z.int().min(1).max(4000).default(400).describe("hidden units"),
    n: z.int().min(2).max(100_000).default(1600).describe("samples of the first step, and as many fresh ones for the refit"),
    ...targetKeys,
    stepRms: z.number().min(1e-6).max(1e6).default(3).describe("root mean square change of the pre-activations the step is scaled to"),
    ridge: z
      .enum(["validated"])
      .default("validated")
      .describe(
        "penalty of the refit: the best on 1000 validation samples, of half-decades from 1e-8 to 1e2 times the mean squared feature",
      ),
    step: z
      .enum(["rank-one", "gradient"])
      .default("rank-one")
      .describe(
        "the leading-order step ∝ f βᵀ, exact when the network's initial output is negligible; or the full gradient, with the residual y − f(x)",
      ),
    bias: z.number().min(0).max(1e3).default(1).describe("standard deviation of the hidden biases drawn before the refit; 0 for none"),
    draws: z.int().min(1).max(10_000).default(8).describe("independent draws pooled"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check: (config) => checkSpectrum("single-index-generalization", config, config.d),
  trial(config, { stream }) {
    const { d, hidden, n, sigma, noise, damping, stepRms, step, bias, draws } = config;
    const eigenvalues = spectrumOf(config, d);
    const teacher = new SingleIndexTeacher(eigenvalues, placement(eigenvalues, "isotropic"), links[sigma], noise);
    const excess = { randomFeatures: [] as number[], sgd: [] as number[], kfac: [] as number[] };
    const penalty = { randomFeatures: [] as number[], sgd: [] as number[], kfac: [] as number[] };
    for (let draw = 0; draw < draws; draw++) {
      const own = stream.child("draw", draw);
      const student = initialStudent(own.child("student"), hidden, d);
      const biases = student.bias.map((b) => bias * b);
      const first = teacher.sample(own.child("first step"), n);
      const train = teacher.sample(own.child("refit"), n);
      const validation = teacher.sample(own.child("validation"), VALIDATION);
      const test = teacher.sample(own.child("test"), TEST);
      const steps = step === "gradient" ? gradientSteps(student, first, damping) : rankOneSteps(student, first, damping);
      const layers = {
        randomFeatures: student.g,
        sgd: takeStep(student.g, steps.sgd, eigenvalues, stepRms),
        kfac: takeStep(student.g, steps.kfac, eigenvalues, stepRms),
      };
      for (const method of ["randomFeatures", "sgd", "kfac"] as const) {
        const fitted = refit({ g: layers[method], bias: biases }, train, validation, test);
        excess[method].push(fitted.excess);
        penalty[method].push(fitted.penalty);
      }
    }
    const report = (method: keyof typeof excess) => {
      const { mean, standardError } = summarize(excess[method]);
      const medianPenalty = penalty[method].sort((a, b) => a - b)[draws >> 1];
      return { excess: mean, standardError, medianPenalty, draws: excess[method] };
    };
    return { randomFeatures: report("randomFeatures"), sgd: report("sgd"), kfac: report("kfac") };
  },
});
