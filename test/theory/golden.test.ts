import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { alignmentProblem, kfacAlignment, sgdAlignment } from "../../lib/theory/alignment.js";
import { effectiveDamping } from "../../lib/theory/equivalents.js";
import { indexCoefficients } from "../../lib/theory/hermite.js";

interface Row {
  spec: string;
  d: number;
  phi: number;
  lam: number;
  sigma: string;
  beta: string;
  s_eps: number;
  kappa: number;
  sgd: number;
  kfac: number;
  sgd_Sigma: number;
  kfac_Sigma: number;
}

const golden = JSON.parse(readFileSync(new URL("../fixtures/alignment.json", import.meta.url), "utf8")) as {
  index_coefficients: Record<string, Record<string, { a0: number; a1: number; c_gt1_sq: number }>>;
  rows: Row[];
};

const links: Record<string, (u: number) => number> = {
  relu: (u) => Math.max(u, 0),
  tanh: Math.tanh,
  linear: (u) => u,
  "He1+He2/sqrt2": (u) => u + (u * u - 1) / Math.SQRT2,
  "He1+He3/sqrt6": (u) => u + (u ** 3 - 3 * u) / Math.sqrt(6),
};

/** Descending, so that the top quarter comes first. */
function spectrum(name: string, d: number): number[] {
  if (name === "iso") return Array(d).fill(1);
  const parameter = Number(name.replace(/^(2pt_e|log)/, ""));
  if (name.startsWith("2pt")) return Array.from({ length: d }, (_, i) => (i < d / 2 ? 1 + parameter : 1 - parameter));
  const values = Array.from({ length: d }, (_, i) => parameter ** ((d - 1 - i) / (d - 1)));
  const mean = values.reduce((a, b) => a + b) / d;
  return values.map((s) => s / mean);
}

const directions: Record<string, (d: number) => number[] | undefined> = {
  isotropic: () => undefined,
  top_quarter: (d) => Array.from({ length: d }, (_, i) => (i < d / 4 ? 4 / d : 0)),
  bottom_quarter: (d) => Array.from({ length: d }, (_, i) => (i >= (3 * d) / 4 ? 4 / d : 0)),
};

describe("golden alignments", () => {
  it("index coefficients agree to 1e-10", () => {
    for (const [sigma, taus] of Object.entries(golden.index_coefficients)) {
      for (const [tau, want] of Object.entries(taus)) {
        const got = indexCoefficients(links[sigma], Number(tau.slice(4)));
        expect(Math.abs(got.mean - want.a0), `${sigma} ${tau} mean`).toBeLessThan(1e-10);
        expect(Math.abs(got.slope - want.a1), `${sigma} ${tau} slope`).toBeLessThan(1e-10);
        expect(Math.abs(got.residual - want.c_gt1_sq), `${sigma} ${tau} residual`).toBeLessThan(1e-10);
      }
    }
  });

  it.each(golden.rows)("$spec phi=$phi lam=$lam $sigma $beta", (row) => {
    const values = spectrum(row.spec, row.d);
    const common = { spectrum: values, phi: row.phi, direction: directions[row.beta](row.d), link: links[row.sigma], noise: row.s_eps };
    const euclidean = alignmentProblem(common);
    const covariance = alignmentProblem({ ...common, metric: "covariance" });
    const close = (got: number, want: number, what: string) =>
      expect(Math.abs(got - want) / Math.max(Math.abs(want), 1e-300), `${what}: ${got} vs ${want}`).toBeLessThan(1e-9);
    if (row.kappa !== 0) close(effectiveDamping(values, row.phi, row.lam), row.kappa, "kappa");
    close(sgdAlignment(euclidean), row.sgd, "sgd");
    close(kfacAlignment(euclidean, row.lam), row.kfac, "kfac");
    close(sgdAlignment(covariance), row.sgd_Sigma, "sgd_Sigma");
    close(kfacAlignment(covariance, row.lam), row.kfac_Sigma, "kfac_Sigma");
  });
});
