import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cholesky, choleskyInverse, choleskySolve, gemm, Matrix, norm, svd, trace } from "../../../lib/linalg/index.js";
import {
  alternatingTraining,
  Batch,
  Batches,
  type BatchOptions,
  jointTraining,
  leastSquaresHead,
  makeTask,
  optimizerTrunkStep,
  randomTask,
  randomTrunk,
  Student,
  stylisedTrunkStep,
  subspaceDistance,
  type Task,
} from "../../../lib/models/linear-representation/index.js";
import { Covariance, Stream } from "../../../lib/random/index.js";

const golden = JSON.parse(readFileSync(new URL("../../fixtures/steps.json", import.meta.url), "utf8")).deterministic;
const k = 3;
const d = 12;
const dy = 5;
const n = 60;
const gaussianBatch: BatchOptions = { n, sampling: "statistics", inputs: "gaussian", centered: false };
const stream = new Stream(11, "training test");
const gaussian = (purpose: string, rows: number, cols: number, std = 1) => stream.child(purpose).normal(Matrix.zeros(rows, cols), { std });

function makeProblem(name: string, { cond = 100, noise = 0.1 } = {}) {
  const source = stream.child(name);
  const trunkStar = randomTrunk(source.child("trunk"), k, d);
  const task = randomTask(source.child("task"), trunkStar, { dy, cond, condF: 0, noise });
  const student = new Student(source.child("F").normal(Matrix.zeros(dy, k)), source.child("G").normal(Matrix.zeros(k, d), { std: 0.3 }));
  return { task, student, source };
}

/** Infinitely many examples without noise, as a source of batches: X = S^{1/2}, n = 1. */
function population({ covariance, map }: Task): Batches {
  const batch = new Batch(covariance.sqrt, gemm(map, covariance.sqrt), 1);
  return { batch, next: () => batch } as unknown as Batches;
}

/** G (I − G*ᵀG*). */
function outside(g: Matrix, trunkStar: Matrix): Matrix {
  const out = g.clone();
  gemm(gemm(g, trunkStar.T), trunkStar, { out, alpha: -1, beta: 1 });
  return out;
}

function close(got: Matrix, expected: Matrix, tolerance: number): void {
  for (let i = 0; i < expected.rows; i++) {
    for (let j = 0; j < expected.cols; j++) {
      expect(Math.abs(got.get(i, j) - expected.get(i, j))).toBeLessThan(tolerance * (1 + Math.abs(expected.get(i, j))));
    }
  }
}

/** (FᵀF)^{-1}. */
const inverseGram = (f: Matrix) => choleskyInverse(cholesky(gemm(f.T, f)));

describe("kfac-stylised", () => {
  it("takes the golden population step", () => {
    const { Sigma, F_star, G_star, G, F, eta, G_plus, dist_before, dist_after } = golden.model_A_population_step;
    const covariance = Covariance.from(Matrix.from(Sigma));
    const task = makeTask({ head: Matrix.from(F_star), trunk: Matrix.from(G_star), covariance, noise: 0 });
    const student = new Student(Matrix.zeros(4, 2), Matrix.from(G));
    const source = population(task);
    leastSquaresHead(student)(source.batch);
    close(student.head, Matrix.from(F), 1e-9);
    expect(subspaceDistance(student.trunk, task.trunk)).toBeCloseTo(dist_before, 9);
    alternatingTraining(student, source, source, stylisedTrunkStep(0)).step(eta);
    close(student.trunk, Matrix.from(G_plus), 1e-9);
    expect(subspaceDistance(student.trunk, task.trunk)).toBeCloseTo(dist_after, 9);
  });

  it.each([1, 1e3])("obeys G⁺Pp = (1−η) G Pp + η F⁺ N Ŝ^{-1} Pp exactly, for any F (condition number %d)", (cond) => {
    const { task, student, source } = makeProblem(`identity ${cond}`, { cond });
    const eta = 0.37;
    const mine = new Batches(source.child("trunk batches"), task, gaussianBatch);
    const training = alternatingTraining(student, mine, new Batches(source.child("head"), task, gaussianBatch), stylisedTrunkStep(0));
    const copy = new Batches(source.child("trunk batches"), task, gaussianBatch);
    for (let t = 0; t < 3; t++) {
      const { u, y, color, inputMoment: xx } = copy.next();
      const noise = gemm(y, gemm(color!, u).T, { alpha: 1 / n });
      gemm(task.map, xx, { out: noise, alpha: -1, beta: 1 });
      const solved = choleskySolve(cholesky(xx), transposed(noise));
      const pseudo = gemm(inverseGram(student.head), student.head.T);
      const expected = outside(student.trunk, task.trunk);
      const kick = outside(gemm(pseudo, solved.T), task.trunk);
      for (let i = 0; i < expected.data.length; i++) expected.data[i] = (1 - eta) * expected.data[i]! + eta * kick.data[i]!;
      expect(training.step(eta)).toBe(true);
      close(outside(student.trunk, task.trunk), expected, 1e-9);
    }
  });

  it.each([1, 1e4])("contracts the distance by 1 − η at condition number %d, without noise", (cond) => {
    const { task, student } = makeProblem(`rate ${cond}`, { cond, noise: 0 });
    const source = population(task);
    const training = alternatingTraining(student, source, source, stylisedTrunkStep(0));
    for (let t = 0; t < 25; t++) training.step(0.3);
    let before = subspaceDistance(student.trunk, task.trunk);
    for (let t = 0; t < 10; t++) {
      training.step(0.3);
      const after = subspaceDistance(student.trunk, task.trunk);
      expect(after / before).toBeCloseTo(0.7, 3);
      before = after;
    }
    expect(before).toBeLessThan(1e-3);
  });

  it("sinks to the noise floor η/(2−η) s² tr((FᵀF)^{-1}) tr(Pp S^{-1})/(n−d−1)", () => {
    const { task, student, source } = makeProblem("floor", { cond: 30 });
    const eta = 0.5;
    const training = alternatingTraining(
      student,
      new Batches(source.child("trunk batches"), task, gaussianBatch),
      new Batches(source.child("head batches"), task, { ...gaussianBatch, n: 4000 }),
      stylisedTrunkStep(0),
    );
    const projected = outside(Matrix.identity(d), task.trunk);
    const spread = trace(gemm(projected, choleskyInverse(cholesky(task.covariance.matrix))));
    // |G Pp|² remembers the heads of the last steps: E|G⁺Pp|² = (1−η)² E|G Pp|² + η² s² tr((FᵀF)^{-1}) tr(Pp S^{-1})/(n−d−1),
    // whose fixed point for one head is the floor.
    const kick = (task.noise ** 2 * spread) / (n - d - 1);
    let floor = 0;
    let ratio = 0;
    const steps = 6000;
    for (let t = -50; t < steps; t++) {
      floor = (1 - eta) ** 2 * floor + eta ** 2 * kick * trace(inverseGram(student.head));
      training.step(eta);
      if (t >= 0) ratio += norm(outside(student.trunk, task.trunk)) ** 2 / floor / steps;
    }
    expect(Math.abs(ratio - 1)).toBeLessThan(0.05);
  });
});

describe("stylisedTrunkStep", () => {
  it.each([0, 0.05])("is the registered optimizer kfac-stylised (damping %d)", (damping) => {
    const [solved, registered] = [stylisedTrunkStep(damping), optimizerTrunkStep("kfac-stylised", { damping })].map((trunkStep) => {
      const { task, student, source } = makeProblem("registered");
      const batches = (name: string) => new Batches(source.child(name), task, gaussianBatch);
      const training = alternatingTraining(student, batches("a"), batches("b"), trunkStep);
      for (let t = 0; t < 4; t++) expect(training.step(0.3)).toBe(true);
      return student;
    });
    close(registered!.trunk, solved!.trunk, 1e-8);
    close(registered!.head, solved!.head, 1e-8);
  });
});

describe("amgd", () => {
  it("contracts, to first order, by modes 1 − η μ(F*ᵀF*) λ(S_c): slow where S_c is small", () => {
    const { task } = makeProblem("amgd", { noise: 0 });
    const source = population(task);
    const tau = 1e-6;
    const eta = 0.02;
    const delta = outside(gaussian("delta", k, d), task.trunk);
    const start = task.trunk.clone();
    for (let i = 0; i < start.data.length; i++) start.data[i]! += tau * delta.data[i]!;
    // From a head at least squares on G, the step on G is that of (F*, G* + τδ) to first order.
    const student = new Student(task.head.clone(), start);
    leastSquaresHead(student)(source.batch);
    alternatingTraining(student, source, source, optimizerTrunkStep("sgd", {})).step(eta);
    // S_c = Pp (S − S G*ᵀ (G* S G*ᵀ)^{-1} G* S) Pp
    const across = gemm(task.trunk, task.covariance.matrix);
    const schur = task.covariance.matrix.clone();
    gemm(across.T, choleskySolve(cholesky(gemm(across, task.trunk.T)), across), { out: schur, alpha: -1, beta: 1 });
    const pp = outside(Matrix.identity(d), task.trunk);
    const sc = gemm(gemm(pp, schur), pp);
    const expected = delta.clone();
    gemm(gemm(gemm(task.head.T, task.head), delta), sc, { out: expected, alpha: -eta, beta: 1 });
    const got = outside(student.trunk, task.trunk);
    for (let i = 0; i < got.data.length; i++) got.data[i]! /= tau;
    close(got, expected, 1e-4);
  });
});

describe("joint training", () => {
  it("is gradient descent on F and G together with sgd", () => {
    const { task, student } = makeProblem("sgd");
    const source = population(task);
    student.gradients(source.batch);
    const expected = [student.head, student.trunk].map((w) => w.clone());
    [student.headGradient, student.trunkGradient].forEach((gradient, i) => {
      for (let j = 0; j < gradient.data.length; j++) expected[i]!.data[j]! -= 0.05 * gradient.data[j]!;
    });
    jointTraining(student, source, "sgd", {}, "exact").step(0.05);
    close(student.head, expected[0]!, 1e-13);
    close(student.trunk, expected[1]!, 1e-13);
  });

  it.each(["exact", "empirical"] as const)("shows curvature methods the blocks of the %s Fisher", (fisher) => {
    // One undamped step with fresh factors inverts them: ΔG = −η P_G^{-1} ∇G Sxx^{-1}, ΔF = −η P_F^{-1} ∇F Szz^{-1}.
    const { task, student, source } = makeProblem(`fisher ${fisher}`);
    const batches = () => new Batches(source.child("batches"), task, { ...gaussianBatch, sampling: "batch" });
    const twin = new Student(student.head.clone(), student.trunk.clone());
    const batch = batches().next();
    twin.gradients(batch);
    const residual = twin.residualMoment(Matrix.zeros(dy, dy));
    const outputs = fisher === "exact" ? Matrix.identity(dy) : residual;
    const outputsG = gemm(gemm(student.head.T, outputs), student.head);
    const step = (p: Matrix, gradient: Matrix, q: Matrix) => {
      const left = choleskySolve(cholesky(p), gradient);
      return transposed(choleskySolve(cholesky(q), transposed(left)));
    };
    const stepG = step(outputsG, twin.trunkGradient, batch.inputMoment);
    const stepF = step(outputs, twin.headGradient, twin.featureMoment);
    jointTraining(student, batches(), "kfac", { damping: 0, momentum: 0 }, fisher).step(0.1);
    for (const [w, before, change] of [
      [student.trunk, twin.trunk, stepG],
      [student.head, twin.head, stepF],
    ] as const) {
      for (let i = 0; i < w.data.length; i++) expect((w.data[i]! - before.data[i]!) / -0.1).toBeCloseTo(change.data[i]!, 6);
    }
  });

  it("stops, leaving the weights, when a gradient is not finite", () => {
    const { task, student } = makeProblem("infinite");
    student.trunk.set(0, 0, Number.POSITIVE_INFINITY);
    const before = student.head.clone();
    expect(jointTraining(student, population(task), "sgd", {}, "exact").step(0.1)).toBe(false);
    expect(student.head.data).toEqual(before.data);
  });
});

describe("batch normalisation", () => {
  it.each(["hidden", "input"] as const)("trains through %s statistics towards G*", (batchNorm) => {
    const { task, source, student: plain } = makeProblem(`norm ${batchNorm}`, { cond: 3, noise: 0.01 });
    const student = new Student(plain.head, plain.trunk, batchNorm);
    const batches = (name: string) =>
      new Batches(source.child(name), task, { ...gaussianBatch, n: 500, centered: true, standardized: batchNorm === "input" });
    const training = alternatingTraining(student, batches("a"), batches("b"), stylisedTrunkStep(0));
    const distance = () => subspaceDistance(student.effectiveTrunk(task.covariance.matrix, Matrix.zeros(k, d)), task.trunk);
    for (let t = 0; t < 60; t++) training.step(0.3);
    expect(distance()).toBeLessThan(0.1);
  });
});

describe("randomTask", () => {
  it("has orthonormal G*, a covariance of mean eigenvalue 1 and the condition numbers asked for", () => {
    const trunkStar = randomTrunk(stream.child("shape"), k, d);
    const task = randomTask(stream.child("shape task"), trunkStar, { dy, cond: 500, condF: 40, noise: 0 });
    close(gemm(trunkStar, trunkStar.T), Matrix.identity(k), 1e-13);
    expect(trace(task.covariance.matrix)).toBeCloseTo(d, 10);
    close(gemm(task.covariance.sqrt, task.covariance.sqrt), task.covariance.matrix, 1e-12);
    const s = svd(task.covariance.matrix).s;
    expect(s[0]! / s[d - 1]!).toBeCloseTo(500, 6);
    const f = svd(task.head).s;
    expect(f[0]! / f[k - 1]!).toBeCloseTo(40, 8);
    expect(norm(task.head) ** 2).toBeCloseTo(dy * k, 9);
    // Rotated: the covariance is far from diagonal.
    let off = 0;
    for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) off += 2 * task.covariance.matrix.get(i, j) ** 2;
    expect(off).toBeGreaterThan(0.1 * norm(task.covariance.matrix) ** 2);
  });
});

function transposed(a: Matrix): Matrix {
  const out = Matrix.zeros(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}
