import { z } from "zod";
import {
  kfacDirection,
  links,
  type Moments,
  placement,
  pooledSquaredCosine,
  SingleIndexTeacher,
  sgdDirection,
} from "../models/single-index/index.js";
import { type AlignmentProblem, alignmentProblem, kfacAlignment, sgdAlignment } from "../theory/index.js";
import { defineExperiment } from "./define.js";
import { linkIds, sigmaHelp } from "./single-index-common.js";
import { spectrumKeys, spectrumOf } from "./spectrum.js";

/** The theory where it is defined: null at the interpolation threshold. */
function orNull(compute: () => number): number | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * Each draw has fresh samples from `stream.child("draw", i)`; `simulated` pools them ({@link pooledSquaredCosine}). Theory is taken at
 * φ = `phi` exactly.
 */
export const singleIndexAlignment = defineExperiment({
  id: "single-index-alignment",
  title: "Alignment of the first step with a single-index target",
  summary:
    "How well Xᵀy/n (SGD) and (XᵀX/n + λI)⁻¹Xᵀy/n (KFAC) align with β* for y = σ*(⟨β*, x⟩) + noise, x ~ N(0, S): squared cosine pooled over draws, beside its limit for d, n → ∞.",
  schema: z.strictObject({
    d: z.int().min(2).max(5000).default(500).describe("input dimension"),
    phi: z.number().min(0.01).max(100).default(0.5).describe("d/n; n = round(d/phi) samples a draw"),
    ...spectrumKeys,
    sigma: z.enum(linkIds).default("relu").describe(sigmaHelp),
    noise: z.number().min(0).max(1e6).default(0.3).describe("standard deviation of the label noise"),
    damping: z.number().min(0).max(1e12).default(0.1).describe("damping λ of KFAC; 0 is least squares, or least norm when n < d"),
    beta: z
      .enum(["isotropic", "top", "bottom"])
      .default("isotropic")
      .describe("β* spread evenly over all eigenvectors, or the quarter of largest or smallest eigenvalues"),
    metric: z.enum(["euclidean", "covariance"]).default("euclidean").describe("inner product of the cosine: I or S"),
    draws: z.int().min(1).max(100_000).default(24).describe("independent draws pooled"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  trial(config, { stream }) {
    const { d, phi, sigma, noise, damping, beta, metric, draws } = config;
    const eigenvalues = spectrumOf(config, d);
    const direction = placement(eigenvalues, beta);
    const link = links[sigma];
    const teacher = new SingleIndexTeacher(eigenvalues, direction, link, noise);
    const n = Math.max(1, Math.round(d / phi));
    const sgd: Moments[] = [];
    const kfac: Moments[] = [];
    for (let draw = 0; draw < draws; draw++) {
      const { inputs, labels } = teacher.sample(stream.child("draw", draw), n);
      sgd.push(teacher.moments(sgdDirection(inputs, labels), metric));
      kfac.push(teacher.moments(kfacDirection(inputs, labels, damping), metric));
    }
    const problem: AlignmentProblem = alignmentProblem({
      spectrum: eigenvalues,
      phi,
      direction,
      metric,
      link: link.value,
      kinks: link.kinks,
      noise,
    });
    const report = (moments: readonly Moments[], theory: () => number) => {
      const { value, standardError } = pooledSquaredCosine(moments);
      return { simulated: value, standardError, theory: orNull(theory) };
    };
    return { sgd: report(sgd, () => sgdAlignment(problem)), kfac: report(kfac, () => kfacAlignment(problem, damping)) };
  },
});
