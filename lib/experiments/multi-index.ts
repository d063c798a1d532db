import { z } from "zod";
import { MultiIndexTeacher } from "../models/multi-index.js";
import { initialStudent, outputGradients, plainStep, preconditionedStep } from "../models/single-index/index.js";
import { Covariance } from "../random/index.js";
import { notAllowed } from "./config.js";
import { defineExperiment } from "./define.js";
import { summarize } from "./single-index-common.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

export const multiIndex = defineExperiment({
  id: "multi-index",
  title: "Subspace found by the first step on a multi-index target",
  summary:
    "For a quadratic target of r hidden directions, the distance (sine of the largest angle) between their span and the r leading directions of the first SGD or KFAC step on a ReLU network; SGD's limit for n → ∞ and many dimensions beside it.",
  schema: z.strictObject({
    d: z.int().min(2).max(500).default(24).describe("input dimension"),
    rank: z.int().min(1).max(50).default(2).describe("hidden directions; less than d"),
    hidden: z.int().min(1).max(4000).default(96).describe("hidden units"),
    n: z.int().min(2).max(1_000_000).default(16_000).describe("samples of the step"),
    ...spectrumKeys,
    cond: spectrumKeys.cond.default(30),
    noise: z.number().min(0).max(1e6).default(0.1).describe("standard deviation of the label noise"),
    damping: z.number().min(0).max(1e12).default(1e-3).describe("damping λ of KFAC"),
    draws: z.int().min(1).max(10_000).default(8).describe("independent draws averaged: target, covariance basis, network and samples"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check(config) {
    const { rank, d } = config;
    checkSpectrum("multi-index", config, d);
    if (rank < d) return;
    throw notAllowed("multi-index", "rank", rank, `less than d = ${d}`);
  },
  trial(config, { stream }) {
    const { d, rank, hidden, n, noise, damping, draws } = config;
    const distances = { sgd: [] as number[], kfac: [] as number[], limit: [] as number[] };
    for (let draw = 0; draw < draws; draw++) {
      const own = stream.child("draw", draw);
      const covariance = Covariance.rotated(spectrumOf(config, d), own.child("covariance"));
      const teacher = new MultiIndexTeacher(own.child("teacher"), covariance, rank, noise);
      const { g, f } = initialStudent(own.child("student"), hidden, d);
      // Gradients at a network whose output is negligible: residual −y.
      const { inputs, labels } = teacher.sample(own.child("samples"), n);
      const small = f.map((value) => 1e-6 * value);
      const delta = outputGradients(g, small, inputs, labels);
      distances.sgd.push(teacher.distance(plainStep(inputs, delta)));
      distances.kfac.push(teacher.distance(preconditionedStep(inputs, delta, damping)));
      distances.limit.push(teacher.populationDistance);
    }
    const of = (values: readonly number[]) => ({
      distance: summarize(values).mean,
      standardError: summarize(values).standardError,
      draws: values,
    });
    return { sgd: of(distances.sgd), kfac: of(distances.kfac), sgdLimit: summarize(distances.limit).mean };
  },
});
