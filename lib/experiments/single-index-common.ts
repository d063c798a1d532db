import { z } from "zod";
import { type LinkId, links } from "../models/single-index/index.js";
import { spectrumKeys } from "./spectrum.js";

/** Link functions as a choice. */
export const linkIds = Object.keys(links) as [LinkId, ...LinkId[]];

export const sigmaHelp = "link function σ* of the target; he1+he2 is u + (u²−1)/√2, he1+he3 is u + (u³−3u)/√6";

/** Keys of experiments that take steps on a single-index target: its inputs, link and noise, and KFAC's damping. */
export const targetKeys = {
  ...spectrumKeys,
  sigma: z.enum(linkIds).default("he1+he2").describe(sigmaHelp),
  noise: z.number().min(0).max(1e6).default(0.3).describe("standard deviation of the label noise"),
  damping: z.number().min(0).max(1e12).default(0.1).describe("damping λ of KFAC"),
};

/** Mean and standard error over draws (null with a single draw). */
export function summarize(values: readonly number[]): { mean: number; standardError: number | null } {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const squares = values.reduce((total, v) => total + (v - mean) ** 2, 0);
  return { mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : null };
}
