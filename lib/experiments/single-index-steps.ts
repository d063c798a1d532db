import { z } from "zod";
import { axpy, type Matrix, singularValues, svd } from "../linalg/index.js";
import {
  initialStudent,
  links,
  outputGradients,
  placement,
  plainStep,
  preconditionedStep,
  refit,
  SingleIndexTeacher,
} from "../models/single-index/index.js";
import { defineExperiment } from "./define.js";
import { summarize, targetKeys } from "./single-index-common.js";
import { checkSpectrum, spectrumOf } from "./spectrum.js";

const VALIDATION = 1000;
const TEST = 4000;

/**
 * `G ← G − η ∇` (`sgd`) or `G − η ∇ (Ŝ + λI)^{-1}` (`kfac`) with η = nᵃ, for `steps` fresh batches; f stays, with norm about 1, so that at
 * a = 0 the change of G has the operator norm of G's bulk and at a = ½ pre-activations change by O(1) (Ba et al. 2022, arXiv 2205.01445,
 * with their √N in η). `spikes`: singular values of the final G above 1.05 times the edge 1 + √(h/d) of the bulk at initialisation;
 * `alignment`: squared cosine between β* and the leading right singular direction of the change of G; `excess`: test error after refitting f.
 */
export const singleIndexSteps = defineExperiment({
  id: "single-index-steps",
  title: "Step sizes, spikes and several steps on a single-index target",
  summary:
    "A two-layer ReLU network takes a few SGD or KFAC steps of size n^a on its first layer: singular values that leave the bulk, alignment of the change with β*, and test error after refitting the second layer.",
  schema: z.strictObject({
    method: z.enum(["sgd", "kfac"]).default("kfac").describe("plain steps, or preconditioned by the batch's own inputs"),
    exponent: z.number().min(-2).max(2).default(0.5).describe("a of the step size η = n^a"),
    steps: z.int().min(1).max(1000).default(1).describe("steps, each on n fresh samples"),
    d: z.int().min(2).max(2000).default(100).describe("input dimension"),
    hidden: z.int().min(1).max(4000).default(200).describe("hidden units"),
    n: z.int().min(2).max(100_000).default(1600).describe("samples of each step, and as many fresh ones for the refit"),
    ...targetKeys,
    bias: z.number().min(0).max(1e3).default(1).describe("standard deviation of the hidden biases drawn before the refit; 0 for none"),
    draws: z.int().min(1).max(10_000).default(6).describe("independent draws averaged"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check: (config) => checkSpectrum("single-index-steps", config, config.d),
  trial(config, { stream }) {
    const { method, exponent, steps, d, hidden, n, sigma, noise, damping, bias, draws } = config;
    const spectrum = spectrumOf(config, d);
    const teacher = new SingleIndexTeacher(spectrum, placement(spectrum, "isotropic"), links[sigma], noise);
    const edge = 1 + Math.sqrt(hidden / d);
    const eta = n ** exponent;
    const found = { spikes: [] as number[], alignment: [] as number[], excess: [] as number[] };
    for (let draw = 0; draw < draws; draw++) {
      // Nothing here depends on method or exponent: they are compared on the same draws.
      const own = stream.child("draw", draw);
      const student = initialStudent(own.child("student"), hidden, d);
      const g = student.g.clone();
      for (let t = 0; t < steps; t++) {
        const { inputs, labels } = teacher.sample(own.child("step", t), n);
        const delta = outputGradients(g, student.f, inputs, labels);
        axpy(-eta, method === "sgd" ? plainStep(inputs, delta) : preconditionedStep(inputs, delta, damping), g);
      }
      const sample = (purpose: string, size: number) => teacher.sample(own.child(purpose), size);
      const layer = { g, bias: student.bias.map((value) => bias * value) };
      found.spikes.push(singularValues(g).filter((value) => value > 1.05 * edge).length);
      found.alignment.push(leadingAlignment(axpy(-1, student.g, g.clone()), teacher));
      found.excess.push(refit(layer, sample("refit", n), sample("validation", VALIDATION), sample("test", TEST)).excess);
    }
    const of = (values: readonly number[]) => ({ ...summarize(values), draws: values });
    return { eta, spikes: of(found.spikes), alignment: of(found.alignment), excess: of(found.excess) };
  },
});

function leadingAlignment(change: Matrix, teacher: SingleIndexTeacher): number {
  const { vt } = svd(change);
  return teacher.squaredCosine(vt.rowArray(0), "euclidean");
}
