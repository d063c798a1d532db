import { z } from "zod";
import { axpy, type Matrix, svd } from "../linalg/index.js";
import {
  initialStudent,
  links,
  outputGradients,
  placement,
  plainStep,
  preactivationChange,
  SingleIndexTeacher,
} from "../models/single-index/index.js";
import { errorsOf } from "./covariance-power.js";
import { defineExperiment } from "./define.js";
import { linkIds, sigmaHelp } from "./single-index-common.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

const errors = ["train", "shifted", "corrupted", "transfer"] as const;

/**
 * `G ← G − η ∇ S^p` on fresh batches at a constant rate η, such that the first step changes pre-activations by `stepRms` in root mean square;
 * f stays, and is refitted to convergence for the errors, which are those of `covariance-power`. A row per draw at steps 1, 2, 4, … and the last:
 * `draw`, `step`, the four errors, and `alignment`, the squared cosine between β* and the leading right singular direction of the change of G. The metrics are
 * arrays over draws at the last step, and `settled`: errors in distribution there over those at half of the steps. All null when G is not finite.
 */
export const covariancePowerSteps = defineExperiment({
  id: "covariance-power-steps",
  title: "Many steps preconditioned by a power of the input covariance",
  summary:
    "The first layer of a ReLU network takes many steps preconditioned by S^p, from p = −1 (whitening) over 0 (SGD) to 1: error in distribution, under a turned covariance, under corrupted inputs and after transfer against steps.",
  schema: z.strictObject({
    power: z.number().min(-1).max(1).default(-1).describe("p of the preconditioner S^p"),
    steps: z.int().min(1).max(10_000).default(64).describe("steps, each on n fresh samples"),
    stepRms: z
      .number()
      .min(1e-6)
      .max(1e6)
      .default(1)
      .describe("root mean square change of the pre-activations by the first step; all have its rate"),
    d: z.int().min(2).max(2000).default(60).describe("input dimension"),
    hidden: z.int().min(1).max(4000).default(120).describe("hidden units"),
    n: z.int().min(2).max(100_000).default(1000).describe("samples of each step, and as many fresh ones for each refit"),
    ...spectrumKeys,
    sigma: z.enum(linkIds).default("he1+he2").describe(sigmaHelp),
    transferSigma: z.enum(linkIds).default("he1+he3").describe("link function after transfer"),
    noise: z.number().min(0).max(1e6).default(0.3).describe("standard deviation of the label noise"),
    corruption: z.number().min(0).max(1e3).default(0.3).describe("standard deviation of the noise added to each input coordinate"),
    draws: z.int().min(1).max(10_000).default(8).describe("independent draws"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check: (config) => checkSpectrum("covariance-power-steps", config, config.d),
  trial(config, { stream, record }) {
    const { power, steps, stepRms, d, hidden, n, sigma, noise, draws } = config;
    const spectrum = spectrumOf(config, d);
    const filter = spectrum.map((s) => s ** power);
    const teacher = new SingleIndexTeacher(spectrum, placement(spectrum, "isotropic"), links[sigma], noise);
    const last: Record<(typeof errors)[number] | "alignment" | "settled", number[]> = {
      train: [],
      shifted: [],
      corrupted: [],
      transfer: [],
      alignment: [],
      settled: [],
    };
    const none = { train: null, shifted: null, corrupted: null, transfer: null, alignment: null, settled: null };
    for (let draw = 0; draw < draws; draw++) {
      // Nothing here depends on p: powers are compared on the same draws.
      const own = stream.child("draw", draw);
      const { g: start, f, bias } = initialStudent(own.child("student"), hidden, d);
      const g = start.clone();
      const see = () => {
        const found = errorsOf({ g, bias }, own, { ...config, teacher, spectrum });
        return { ...found, alignment: leadingAlignment(axpy(-1, start, g.clone()), teacher) };
      };
      let eta = 0;
      let half = Number.NaN;
      for (let t = 1; t <= steps; t++) {
        const { inputs, labels } = teacher.sample(own.child("step", t), n);
        const step = plainStep(inputs, outputGradients(g, f, inputs, labels));
        for (let i = 0, at = 0; i < hidden; i++) for (let j = 0; j < d; j++, at++) step.data[at]! *= filter[j]!;
        const change = preactivationChange(step, spectrum);
        if (t === 1) eta = change > 0 ? stepRms / change : 0;
        axpy(-eta, step, g);
        if (!Number.isFinite(change)) return none;
        if (t === Math.ceil(steps / 2) || t === steps || Number.isInteger(Math.log2(t))) {
          if (!g.data.every((value) => Math.abs(value) < 1e100)) return none;
          const found = see();
          record({ draw, step: t, ...found });
          if (t === Math.ceil(steps / 2)) half = found.train;
          if (t < steps) continue;
          for (const id of errors) last[id].push(found[id]);
          last.alignment.push(found.alignment);
          last.settled.push(found.train / half);
        }
      }
    }
    return last;
  },
});

function leadingAlignment(change: Matrix, teacher: SingleIndexTeacher): number {
  const { vt } = svd(change);
  return teacher.squaredCosine(vt.rowArray(0), "euclidean");
}
