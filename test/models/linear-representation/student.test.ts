import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gemm, Matrix, qr, trace } from "../../../lib/linalg/index.js";
import {
  BATCH_NORM_EPSILON,
  Batch,
  type BatchNorm,
  batchOf,
  leastSquaresHead,
  Student,
  stylisedTrunkStep,
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
  const batch = norm === "none" ? batchOf(x, y) : batchOf(norm === "input" ? standardized(x) : centered(x), y);
  const loss = student.gradients(batch);

  it("has the loss of the examples to 14 digits", () => {
    expect(Math.abs(loss / sampleLoss(x, y, f, g, norm) - 1)).toBeLessThan(1e-13);
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
    const { inputMoment } = batchOf(centered(x), y);
    const linear = new Student(f, student.effectiveTrunk(inputMoment, Matrix.zeros(k, d)));
    expect(linear.gradients(batchOf(norm === "none" ? x : centered(x), y))).toBeCloseTo(sampleLoss(x, y, f, g, norm), 10);
  });

  it("has twice its loss in the trace of E[rrᵀ], and the second moment of its features", () => {
    student.gradients(batch);
    expect(trace(student.residualMoment(Matrix.zeros(dy, dy)))).toBeCloseTo(2 * loss, 10);
    if (norm === "hidden") for (let a = 0; a < k; a++) expect(student.featureMoment.get(a, a)).toBeCloseTo(1, 3);
    else close(student.featureMoment, gemm(gemm(g, batch.inputMoment), g.T).toArrays());
  });

  it("sees the same on fewer columns with the same moments, to 13 digits", () => {
    // [X; Y] = L Qᵀ: the d + dy columns of L have the moments of the n examples.
    const all = Matrix.zeros(n, d + dy);
    all.block(0, 0, n, d).copy(transposed(batch.u));
    all.block(0, d, n, dy).copy(transposed(batch.y));
    const lower = transposed(qr(all).r);
    const compressed = new Batch(lower.block(0, 0, d, d + dy), lower.block(d, 0, dy, d + dy), n);
    const twin = new Student(f, g, norm);
    expect(Math.abs(twin.gradients(compressed) / loss - 1)).toBeLessThan(1e-13);
    student.gradients(batch);
    close(twin.headGradient, student.headGradient.toArrays());
    close(twin.trunkGradient, student.trunkGradient.toArrays());
  });
});

describe("stylised two-layer KFAC", () => {
  const { F, G, X, Y, eta_G, eta_F, lam_G, lam_F, grad_G, G_plus, grad_F, F_plus } = golden.stylised_two_layer_kfac;

  it("meets the golden gradients and steps", () => {
    const batch = batchOf(Matrix.from(X), Matrix.from(Y));
    const student = new Student(Matrix.from(F), Matrix.from(G));
    student.gradients(batch);
    close(student.trunkGradient, grad_G);
    stylisedTrunkStep(lam_G)(student, batch)(eta_G);
    close(student.trunk, G_plus);
    student.gradientOfHead(batch);
    close(student.headGradient, grad_F);
    leastSquaresHead(student, { lr: eta_F, damping: lam_F })(batch);
    close(student.head, F_plus);
  });
});

function transposed(a: Matrix): Matrix {
  return gemm(a.T, Matrix.identity(a.rows));
}

function standardized(a: Matrix): Matrix {
  const out = centered(a);
  for (let j = 0; j < a.cols; j++) {
    let variance = BATCH_NORM_EPSILON;
    for (let i = 0; i < a.rows; i++) variance += out.get(i, j) ** 2 / a.rows;
    for (let i = 0; i < a.rows; i++) out.set(i, j, out.get(i, j) / Math.sqrt(variance));
  }
  return out;
}

function close(got: Matrix, expected: number[][]): void {
  expected.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(Math.abs(got.get(i, j) - value)).toBeLessThan(1e-9 * (1 + Math.abs(value)));
    });
  });
}
