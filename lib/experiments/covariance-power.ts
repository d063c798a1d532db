import { z } from "zod";
import type { Matrix } from "../linalg/index.js";
import {
  excessError,
  type FeatureMap,
  initialStudent,
  links,
  type Moments,
  placement,
  pooledSquaredCosine,
  rankOneStep,
  refit,
  SingleIndexTeacher,
  sgdDirection,
  shiftedSample,
  takeStep,
} from "../models/single-index/index.js";
import { Covariance, type Stream } from "../random/index.js";
import { alignmentProblem, filteredAlignment } from "../theory/index.js";
import { defineExperiment } from "./define.js";
import { linkIds, sigmaHelp, summarize } from "./single-index-common.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

const VALIDATION = 1000;
const TEST = 4000;

/** What the errors of a network with a given first layer are measured under. */
interface Conditions {
  readonly teacher: SingleIndexTeacher;
  readonly spectrum: Float64Array;
  readonly n: number;
  readonly sigma: (typeof linkIds)[number];
  readonly transferSigma: (typeof linkIds)[number];
  readonly noise: number;
  readonly corruption: number;
}

/**
 * Mean squared errors against the noiseless target once the second layer is refitted to convergence: in distribution, where the covariance has turned,
 * with noise on the inputs, and refitted for another link on turned inputs. The same `own` gives the same samples.
 */
export function errorsOf(map: FeatureMap, own: Stream, { teacher, spectrum, n, sigma, transferSigma, noise, corruption }: Conditions) {
  const sample = (purpose: string, size: number) => teacher.sample(own.child(purpose), size);
  const test = sample("test", TEST);
  const fitted = refit(map, sample("refit", n), sample("validation", VALIDATION), test);
  const turned = { beta: teacher.beta, covariance: Covariance.rotated(spectrum, own.child("turned")), noise };
  const shifted = (purpose: string, size: number, id: typeof sigma) =>
    shiftedSample(own.child("shifted", purpose), size, { ...turned, link: links[id] });
  const other = (purpose: string, size: number) => shifted(`transfer ${purpose}`, size, transferSigma);
  return {
    train: fitted.excess,
    shifted: excessError(map, fitted.head, shifted("test", TEST, sigma)),
    corrupted: excessError(map, fitted.head, test, { stream: own.child("corruption"), std: corruption }),
    transfer: refit(map, other("refit", n), other("validation", VALIDATION), other("test", TEST)).excess,
  };
}

/**
 * The step of the first layer is `G − c ∇ P`, P = S^p, of a given size for every p (root mean square change of the pre-activations), the
 * one thing there is to tune; the second layer is refitted to convergence by ridge regression, its penalty on a validation set. Errors are mean
 * squares against the noiseless target: `train` under S; `shifted` the same network where the covariance has turned to another random basis;
 * `corrupted` under S with noise added to the inputs; `transfer` the second layer refitted for another link function of the same β* on inputs
 * with the turned covariance.
 */
export const covariancePower = defineExperiment({
  id: "covariance-power",
  title: "Powers of the input covariance as preconditioner",
  summary:
    "One step on the first layer of a ReLU network preconditioned by S^p, from p = −1 (whitening, as KFAC) over 0 (SGD) to 1: alignment with β* beside theory, and the error in distribution, under a turned covariance, under corrupted inputs, and after transfer to another link function.",
  schema: z.strictObject({
    power: z.number().min(-1).max(1).default(-1).describe("p of the preconditioner S^p"),
    d: z.int().min(2).max(2000).default(100).describe("input dimension"),
    hidden: z.int().min(1).max(4000).default(200).describe("hidden units"),
    n: z.int().min(2).max(100_000).default(1600).describe("samples of the step, and as many fresh ones for each refit"),
    ...spectrumKeys,
    sigma: z.enum(linkIds).default("he1+he2").describe(sigmaHelp),
    transferSigma: z.enum(linkIds).default("he1+he3").describe("link function after transfer"),
    noise: z.number().min(0).max(1e6).default(0.3).describe("standard deviation of the label noise"),
    corruption: z.number().min(0).max(1e3).default(0.3).describe("standard deviation of the noise added to each input coordinate"),
    stepRms: z.number().min(1e-6).max(1e6).default(3).describe("root mean square change of the pre-activations the step is scaled to"),
    draws: z.int().min(1).max(10_000).default(8).describe("independent draws pooled"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check: (config) => checkSpectrum("covariance-power", config, config.d),
  trial(config, { stream }) {
    const { power, d, hidden, n, sigma, transferSigma, noise, corruption, stepRms, draws } = config;
    const spectrum = spectrumOf(config, d);
    const direction = placement(spectrum, "isotropic");
    const teacher = new SingleIndexTeacher(spectrum, direction, links[sigma], noise);
    const filter = (s: number) => s ** power;
    const moments: Moments[] = [];
    const errors = { train: [] as number[], shifted: [] as number[], corrupted: [] as number[], transfer: [] as number[] };
    for (let draw = 0; draw < draws; draw++) {
      // Nothing here depends on p: powers are compared on the same draws.
      const own = stream.child("draw", draw);
      const { g, f, bias } = initialStudent(own.child("student"), hidden, d);
      const { inputs, labels } = teacher.sample(own.child("step"), n);
      const beta = sgdDirection(inputs, labels).map((value, i) => filter(spectrum[i]!) * value);
      moments.push(teacher.moments(beta, "euclidean"));
      const layer: Matrix = takeStep(g, rankOneStep(f, beta), spectrum, stepRms);
      const found = errorsOf({ g: layer, bias }, own, { teacher, spectrum, n, sigma, transferSigma, noise, corruption });
      for (const id of ["train", "shifted", "corrupted", "transfer"] as const) errors[id].push(found[id]);
    }
    const { value, standardError } = pooledSquaredCosine(moments);
    const { value: link, kinks } = links[sigma];
    const problem = alignmentProblem({ spectrum, phi: d / n, direction, link, kinks, noise });
    const of = (values: readonly number[]) => {
      const { mean, standardError } = summarize(values);
      return { excess: mean, standardError, draws: values };
    };
    return {
      alignment: { simulated: value, standardError, theory: filteredAlignment(problem, filter) },
      train: of(errors.train),
      shifted: of(errors.shifted),
      corrupted: of(errors.corrupted),
      transfer: of(errors.transfer),
    };
  },
});
