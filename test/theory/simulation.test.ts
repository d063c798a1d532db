import { describe, expect, it } from "vitest";
import { addDiagonal, cholesky, choleskySolve, Matrix, symm, syrk, trace } from "../../lib/linalg/index.js";
import { links, placement, SingleIndexTeacher, sgdDirection } from "../../lib/models/single-index/index.js";
import { logSpectrum, Stream } from "../../lib/random/index.js";
import { alignmentProblem, degreesOfFreedom, filteredAlignment, kfacSeparateAlignment, stieltjes } from "../../lib/theory/index.js";

const d = 300;
const spectrum = logSpectrum(d, 50);
const stream = new Stream(31, "theory against simulation");

function pooled(draws: number, measure: (draw: number) => number): { mean: number; standardError: number } {
  const values = Array.from({ length: draws }, (_, draw) => measure(draw));
  const mean = values.reduce((a, b) => a + b) / draws;
  return { mean, standardError: Math.sqrt(values.reduce((total, v) => total + (v - mean) ** 2, 0) / (draws - 1) / draws) };
}

describe("deterministic equivalents", () => {
  it.each([
    [0.5, 0.05],
    [1.5, 0.2],
  ])("traces of the resolvent of a sample covariance (φ = %d, λ = %d)", (phi, lambda) => {
    const n = d / phi;
    const x = stream.child("resolvent", phi).normal(Matrix.zeros(n, d)) as Matrix;
    for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) x.data[i * d + j] *= Math.sqrt(spectrum[j]);
    const sample = syrk(x.T, { alpha: 1 / n });
    const factor = cholesky(addDiagonal(sample.clone(), lambda));
    const resolvent = choleskySolve(factor, Matrix.identity(d));
    expect(trace(resolvent) / d / stieltjes(spectrum, phi, lambda)).toBeCloseTo(1, 1.5);
    expect(trace(symm(sample, resolvent)) / d / degreesOfFreedom(spectrum, phi, lambda)).toBeCloseTo(1, 1.5);
  });
});

describe("alignments beyond SGD and KFAC", () => {
  const direction = placement(spectrum, "isotropic");
  const teacher = new SingleIndexTeacher(spectrum, direction, links.relu, 0.3);
  const problem = (phi: number, metric: "euclidean" | "covariance") =>
    alignmentProblem({ spectrum, phi, direction, metric, link: links.relu.value, noise: 0.3 });

  it.each(["euclidean", "covariance"] as const)("statistics from a batch of their own (%s)", (metric) => {
    const [n1, n2, lambda] = [1200, 500, 0.1];
    const { mean, standardError } = pooled(24, (draw) => {
      const gradient = sgdDirection(...samples(n1, "gradient", draw));
      const [x] = samples(n2, "statistics", draw);
      const factor = cholesky(addDiagonal(syrk(x.T, { alpha: 1 / n2 }), lambda));
      return teacher.squaredCosine(choleskySolve(factor, new Matrix(gradient, d, 1)).data, metric);
    });
    const theory = kfacSeparateAlignment(problem(d / n1, metric), lambda, d / n2);
    expect(Math.abs(mean - theory)).toBeLessThan(5 * standardError + 0.02 * theory);
    expect(standardError).toBeLessThan(0.04 * theory);
  });

  it("a power of the population covariance, S^{-1/2}", () => {
    const { mean, standardError } = pooled(24, (draw) => {
      const gradient = sgdDirection(...samples(600, "power", draw));
      return teacher.squaredCosine(
        gradient.map((v, j) => v / Math.sqrt(spectrum[j])),
        "euclidean",
      );
    });
    const theory = filteredAlignment(problem(0.5, "euclidean"), (s) => s ** -0.5);
    expect(Math.abs(mean - theory)).toBeLessThan(5 * standardError + 0.02 * theory);
  });

  function samples(n: number, purpose: string, draw: number): [Matrix, Float64Array] {
    const { inputs, labels } = teacher.sample(stream.child(purpose, draw), n);
    return [inputs, labels];
  }
});
