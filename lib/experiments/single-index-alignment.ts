import { z } from "zod";
import { eigh, type Matrix } from "../linalg/index.js";
import {
  kfacDirection,
  links,
  type Moments,
  placement,
  pooledLogRatio,
  pooledSquaredCosine,
  SingleIndexTeacher,
  separateDirection,
  sgdDirection,
} from "../models/single-index/index.js";
import { type AlignmentProblem, alignmentProblem, kfacAlignment, kfacSeparateAlignment, sgdAlignment } from "../theory/index.js";
import { notAllowed } from "./config.js";
import { covarianceIn, covarianceKey, directionIn } from "./covariance-file.js";
import { defineExperiment } from "./define.js";
import { linkIds, sigmaHelp } from "./single-index-common.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

/** The theory where it is defined: null at the interpolation threshold. */
function orNull(compute: () => number): number | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The squared components of β on the given eigenvectors (columns), or of β itself. */
function squares(beta: Float64Array, vectors?: Matrix): Float64Array {
  if (!vectors) return beta.map((value) => value * value);
  return beta.map((_, j) => beta.reduce((sum, value, i) => sum + value * vectors.get(i, j), 0) ** 2);
}

/**
 * Each draw has fresh samples from `stream.child("draw", i)`; `simulated` pools them ({@link pooledSquaredCosine}). Theory is taken at
 * φ = `phi` exactly. `advantage` is the log of KFAC's over SGD's squared cosine, with a standard error paired over draws.
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
    covariance: covarianceKey.describe("a .npy file with a d×d covariance (symmetric, positive definite), in place of spectrum"),
    sigma: z.enum(linkIds).default("relu").describe(sigmaHelp),
    noise: z.number().min(0).max(1e6).default(0.3).describe("standard deviation of the label noise"),
    damping: z.number().min(0).max(1e12).default(0.1).describe("damping λ of KFAC; 0 is least squares, or least norm when n < d"),
    beta: z
      .enum(["isotropic", "top", "bottom"])
      .default("isotropic")
      .describe("β* spread evenly over all eigenvectors, or the quarter of largest or smallest eigenvalues"),
    direction: z
      .string()
      .default("")
      .describe(
        "a .npy file with the d components of β*, in place of beta: in the basis of covariance, or else on the eigenvectors, of ascending eigenvalues",
      ),
    metric: z.enum(["euclidean", "covariance"]).default("euclidean").describe("inner product of the cosine: I or S"),
    statistics: z.enum(["same", "separate"]).default("same").describe("Ŝ of KFAC from the samples of the gradient, or from as many others"),
    draws: z.int().min(1).max(100_000).default(24).describe("independent draws pooled"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check(config) {
    const { d, phi, damping, statistics } = config;
    checkSpectrum("single-index-alignment", config, d);
    if (statistics === "same" || damping > 0 || d / phi >= d + 0.5) return;
    throw notAllowed("single-index-alignment", "damping", 0, "positive where separate statistics are of fewer samples than dimensions");
  },
  trial(config, { stream }) {
    const { d, phi, sigma, noise, damping, beta, metric, statistics, draws } = config;
    // Everything here turns along with the inputs' basis: only the eigenvalues matter.
    const given = config.covariance === "" ? null : eigh(covarianceIn(config.covariance, d, "single-index-alignment"));
    const eigenvalues = given?.values ?? spectrumOf(config, d);
    const direction =
      config.direction === ""
        ? placement(eigenvalues, beta)
        : squares(directionIn(config.direction, d, "single-index-alignment"), given?.vectors);
    const link = links[sigma];
    const teacher = new SingleIndexTeacher(eigenvalues, direction, link, noise);
    const n = Math.max(1, Math.round(d / phi));
    const sgd: Moments[] = [];
    const kfac: Moments[] = [];
    for (let draw = 0; draw < draws; draw++) {
      const own = stream.child("draw", draw);
      const { inputs, labels } = teacher.sample(own, n);
      sgd.push(teacher.moments(sgdDirection(inputs, labels), metric));
      const direction =
        statistics === "same"
          ? kfacDirection(inputs, labels, damping)
          : separateDirection(inputs, labels, teacher.sample(own.child("statistics"), n).inputs, damping);
      kfac.push(teacher.moments(direction, metric));
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
    const advantage = pooledLogRatio(kfac, sgd);
    return {
      sgd: report(sgd, () => sgdAlignment(problem)),
      kfac: report(kfac, () => (statistics === "same" ? kfacAlignment(problem, damping) : kfacSeparateAlignment(problem, damping, phi))),
      advantage: { log: advantage.value, standardError: advantage.standardError },
    };
  },
});
