import { describe, expect, it } from "vitest";
import { gemm, Matrix, norm, syrk } from "../../../lib/linalg/index.js";
import { Batches, jointCurvature, randomTask, randomTrunk, Student } from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const [d, k, dy, n] = [6, 2, 4, 40];
const stream = new Stream(11, "joint curvature");
const task = randomTask(stream.child("task"), randomTrunk(stream.child("trunk"), k, d), { dy, cond: 20, condF: 0, noise: 0.3 });

function problem(sampling: "batch" | "statistics", size = n) {
  const head = stream.child("head").normal(Matrix.zeros(dy, k));
  const trunk = stream.child("start").normal(Matrix.zeros(k, d));
  const student = new Student(head, trunk);
  const batches = new Batches(stream.child("batches", sampling), task, { n: size, sampling, inputs: "gaussian" });
  student.gradients(batches.next());
  return { student, batches, provider: jointCurvature(student, batches, stream.child("labels")) };
}

const difference = (a: Matrix, b: Matrix) => {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) sum += (a.get(i, j) - b.get(i, j)) ** 2;
  return Math.sqrt(sum) / norm(b);
};

describe("jointCurvature", () => {
  it.each(["batch", "statistics"] as const)("forms E[JᵀJ] from moments as from the Jacobian (%s)", (sampling) => {
    const { provider } = problem(sampling);
    const jacobian = provider.jacobian() as Matrix;
    const direct = syrk(jacobian.T, { alpha: dy / jacobian.rows });
    expect(difference(provider.curvature!() as Matrix, direct)).toBeLessThan(1e-13);
  });

  it("has a Jacobian that agrees with finite differences of the outputs", () => {
    const { student, batches, provider } = problem("batch");
    const jacobian = provider.jacobian();
    const x = gemm(batches.batch.color!, batches.batch.u);
    const outputs = () => gemm(student.head, gemm(student.trunk, x));
    const h = 1e-5;
    const weights: [Matrix, number][] = [
      [student.trunk, 0],
      [student.head, k * d],
    ];
    for (const [weight, start] of weights) {
      for (let p = 0; p < weight.rows * weight.cols; p++) {
        const kept = weight.data[p]!;
        weight.data[p] = kept + h;
        const up = outputs();
        weight.data[p] = kept - h;
        const down = outputs();
        weight.data[p] = kept;
        for (const example of [0, 7, n - 1]) {
          for (let i = 0; i < dy; i++) {
            const slope = (up.get(i, example) - down.get(i, example)) / (2 * h);
            expect(jacobian.get(example * dy + i, start + p)).toBeCloseTo(slope, 7);
          }
        }
      }
    }
  });

  it("has examples' gradients with the batch gradient as their mean", () => {
    const { student, provider } = problem("batch");
    const gradients = provider.exampleGradients!("empirical");
    const mean = new Float64Array(gradients.cols);
    for (let i = 0; i < n; i++) for (let p = 0; p < mean.length; p++) mean[p]! += gradients.get(i, p) / n;
    const expected = [...student.trunkGradient.data, ...student.headGradient.data];
    mean.forEach((value, p) => {
      expect(value).toBeCloseTo(expected[p]!, 12);
    });
  });

  it("has sampled gradients whose second moment is the Gauss-Newton matrix (n = 40000: within 5 %)", () => {
    // Relative error of a second moment of P = 20 parameters: about √(2P/n)·few = 2 to 4 %.
    const { provider } = problem("batch", 40_000);
    const samples = provider.exampleGradients!("sampled") as Matrix;
    const fisher = syrk(samples.T, { alpha: 1 / samples.rows });
    expect(difference(fisher, provider.curvature!() as Matrix)).toBeLessThan(0.05);
  });
});
