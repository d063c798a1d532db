import { z } from "zod";
import { isotropicSpectrum, logSpectrum, powerLawSpectrum, spikedSpectrum, twoPointSpectrum } from "../random/index.js";
import { ConfigError } from "./config.js";

/** The keys by which experiments name a family of covariance spectra. */
export const spectrumKeys = {
  spectrum: z
    .enum(["isotropic", "two-point", "log", "power-law", "spiked"])
    .default("log")
    .describe("eigenvalues of the input covariance, scaled to mean 1"),
  cond: z.number().min(1).max(1e12).default(100).describe("condition number of spectrum=log"),
  e: z.number().min(0).lt(1).default(0.5).describe("spectrum=two-point has half of its eigenvalues at 1+e, half at 1−e"),
  alpha: z.number().min(0).max(10).default(1).describe("spectrum=power-law has eigenvalues k^−alpha, k = 1 … d"),
  spikes: z
    .array(z.number().positive().max(1e9))
    .min(1)
    .max(1000)
    .default([10, 30, 100])
    .describe("spectrum=spiked has these eigenvalues (at most d) and ones besides"),
};

const schema = z.strictObject(spectrumKeys);

/** A family of spectra with its parameters. */
export type SpectrumConfig = z.output<typeof schema>;

/** What the keys of a spectrum cannot say singly. @throws ConfigError when there are more spikes than dimensions */
export function checkSpectrum(experiment: string, { spectrum, spikes }: SpectrumConfig, d: number): void {
  if (spectrum !== "spiked" || spikes.length <= d) return;
  const allowed = `at most d = ${d} of them`;
  throw new ConfigError({
    message: `${experiment}: spikes must be ${allowed}, got ${spikes.length} of them`,
    key: "spikes",
    got: spikes,
    allowed,
  });
}

/** d eigenvalues with mean 1 of the family named by the configuration. @throws RangeError when there are more spikes than dimensions */
export function spectrumOf({ spectrum, cond, e, alpha, spikes }: SpectrumConfig, d: number): Float64Array {
  switch (spectrum) {
    case "isotropic":
      return isotropicSpectrum(d);
    case "two-point":
      return twoPointSpectrum(d, e);
    case "log":
      return logSpectrum(d, cond);
    case "power-law":
      return powerLawSpectrum(d, alpha);
    case "spiked":
      return spikedSpectrum(d, spikes);
  }
}
