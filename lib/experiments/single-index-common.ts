import { type LinkId, links } from "../models/single-index/index.js";

/** Link functions as a choice. */
export const linkIds = Object.keys(links) as [LinkId, ...LinkId[]];

export const sigmaHelp = "link function σ* of the target; he1+he2 is u + (u²−1)/√2, he1+he3 is u + (u³−3u)/√6";

/** Mean and standard error over draws (null with a single draw). */
export function summarize(values: readonly number[]): { mean: number; standardError: number | null } {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const squares = values.reduce((total, v) => total + (v - mean) ** 2, 0);
  return { mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : null };
}
