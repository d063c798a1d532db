import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gemm, Matrix } from "../../../lib/linalg/index.js";
import {
  BATCH_NORM_EPSILON,
  type BatchNorm,
  momentsOf,
  PreconditionedStep,
  Student,
} from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const golden = JSON.parse(readFileSync(new URL("../../fixtures/steps.json", import.meta.url), "utf8")).deterministic;
const n = 23;
const d = 7;
const k = 3;
const dy = 4;
const stream = new Stream(11, "student test");
const gaussian = (purpose: string, rows: number, cols: number, mean = 0) =>
  stream.child(purpose).normal(Matrix.zeros(rows, cols), { mean });

/** The loss as anyone would write it, example by example. */
function sampleLoss(x: Matrix, y: Matrix, f: Matrix, g: Matrix, norm: BatchNorm): number {
  const normalize = (a: Matrix) => {
    const out = a.clone();
    for (let j = 0; j < a.cols; j++) {
      let mean = 0;
      for (let i = 0; i < a.rows; i++) mean += a.get(i, j) / a.rows;
      let variance = 0;
      for (let i = 0; i < a.rows; i++) variance += (a.get(i, j) - mean) ** 2 / a.rows;
      for (let i = 0; i < a.rows; i++) out.set(i, j, (a.get(i, j) - mean) / Math.sqrt(variance + BATCH_NORM_EPSILON));
    }
    return out;
  };
  const seen = norm === "input" ? normalize(x) : x;
  const z = gemm(seen, g.T);
  const prediction = gemm(norm === "hidden" ? normalize(z) : z, f.T);
  let total = 0;
  for (let i = 0; i < x.rows; i++) for (let j = 0; j < y.cols; j++) total += (y.get(i, j) - prediction.get(i, j)) ** 2;
  return total / (2 * x.rows);
}

function centered(a: Matrix): Matrix {
  const out = a.clone();
  for (let j = 0; j < a.cols; j++) {
    let mean = 0;
    for (let i = 0; i < a.rows; i++) mean += a.get(i, j) / a.rows;
    for (let i = 0; i < a.rows; i++) out.set(i, j, a.get(i, j) - mean);
  }
  return out;
}

describe.each(["none", "hidden", "input"] as const)("batchNorm %s", (norm) => {
  const x = gaussian("x", n, d, norm === "none" ? 0 : 1.5);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) x.set(i, j, x.get(i, j) * (j + 1));
  const y = norm === "none" ? gaussian("y", n, dy) : centered(gaussian("y", n, dy, 2));
  const f = gaussian("f", dy, k);
  const g = gaussian("g", k, d);
  const student = new Student(f, g, norm);
  const moments = student.normalizeInputs(momentsOf(norm === "none" ? x : centered(x), y));
  student.gradients(moments);

  it("has the loss of the examples to 14 digits", () => {
    expect(Math.abs(student.loss(moments.yy!) / sampleLoss(x, y, f, g, norm) - 1)).toBeLessThan(1e-13);
  });

  it.each([
    ["F", f, student.headGradient.clone()],
    ["G", g, student.trunkGradient.clone()],
  ] as const)("has the gradient of the examples' loss in %s (central differences)", (_name, value, gradient) => {
    const h = 1e-5;
    for (let i = 0; i < value.rows; i++) {
      for (let j = 0; j < value.cols; j++) {
        const at = value.get(i, j);
        value.set(i, j, at + h);
        const up = sampleLoss(x, y, f, g, norm);
        value.set(i, j, at - h);
        const down = sampleLoss(x, y, f, g, norm);
        value.set(i, j, at);
        expect(Math.abs((up - down) / (2 * h) - gradient.get(i, j))).toBeLessThan(1e-7 * (1 + Math.abs(gradient.get(i, j))));
      }
    }
  });

  it("is the linear map of its effective trunk when batch and population agree", () => {
    const { xx } = momentsOf(centered(x), y);
    const effective = student.effectiveTrunk(xx, Matrix.zeros(k, d));
    const linear = new Student(f, effective);
    const raw = momentsOf(norm === "none" ? x : centered(x), y);
    linear.gradients(raw);
    expect(linear.loss(raw.yy!)).toBeCloseTo(sampleLoss(x, y, f, g, norm), 10);
  });

  it("has the residual moment of the examples", () => {
    if (norm !== "none") return;
    const residual = gemm(gemm(x, g.T), f.T);
    for (let i = 0; i < residual.data.length; i++) residual.data[i] = y.data[i]! - residual.data[i]!;
    const expected = gemm(residual.T, residual, { alpha: 1 / n });
    student.gradients(moments);
    const got = student.residualMoment(moments.yy!, Matrix.zeros(dy, dy));
    for (let i = 0; i < got.data.length; i++) expect(got.data[i]).toBeCloseTo(expected.data[i]!, 9);
  });
});

describe("stylised two-layer KFAC", () => {
  const { F, G, X, Y, eta_G, eta_F, lam_G, lam_F, grad_G, G_plus, grad_F, F_plus } = golden.stylised_two_layer_kfac;

  it("meets the golden gradients and steps", () => {
    const moments = momentsOf(Matrix.from(X), Matrix.from(Y));
    const student = new Student(Matrix.from(F), Matrix.from(G));
    student.gradients(moments);
    close(student.trunkGradient, grad_G);
    const next = new Student(Matrix.from(F), Matrix.from(G_plus));
    next.gradients(moments);
    close(next.headGradient, grad_F);
    const p = gemm(student.head.T, student.head);
    new PreconditionedStep(2, 3).apply(student.trunk, student.trunkGradient, { lr: eta_G, q: moments.xx, damping: lam_G, p });
    close(student.trunk, G_plus);
    new PreconditionedStep(3, 2).apply(next.head, next.headGradient, { lr: eta_F, q: next.features.zz, damping: lam_F });
    close(next.head, F_plus);
  });
});

function close(got: Matrix, expected: number[][]): void {
  expected.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(Math.abs(got.get(i, j) - value)).toBeLessThan(1e-9 * (1 + Math.abs(value)));
    });
  });
}
