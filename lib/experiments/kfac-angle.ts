import { z } from "zod";
import { axpy, cholesky, choleskySolve, gemm, Matrix, norm, solve, syrk } from "../linalg/index.js";
import {
  alternatingTraining,
  type Batch,
  Batches,
  leastSquaresHead,
  randomTask,
  randomTrunk,
  Student,
  stylisedTrunkStep,
  type Task,
} from "../models/linear-representation/index.js";
import { angleStep, kfacNoiseFloor } from "../theory/index.js";
import { notAllowed } from "./config.js";
import { defineExperiment } from "./define.js";
import { summarize } from "./single-index-common.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

/** W (I − G*ᵀG*). */
function outside(w: Matrix, star: Matrix): Matrix {
  const out = w.clone();
  return gemm(gemm(w, star.T), star, { out, alpha: -1, beta: 1 });
}

/** T = (GG*ᵀ)^{-1} G (I − G*ᵀG*). */
const tangentOf = (trunk: Matrix, star: Matrix) => solve(gemm(trunk, star.T), outside(trunk, star));

/** (1−η) G P⊥ + η F⁺ N Ŝ^{-1} P⊥, N = εᵀX/n of the batch: what G P⊥ becomes by the exact identity. */
function identity({ head, trunk, map }: Pick<Task, "head" | "trunk" | "map">, star: Matrix, batch: Batch, eta: number): Matrix {
  const { u, y, n, color, inputMoment } = batch;
  const noise = gemm(y, color ? gemm(color, u).T : u.T, { alpha: 1 / n });
  gemm(map, inputMoment, { out: noise, alpha: -1, beta: 1 });
  const kick = choleskySolve(
    cholesky(syrk(head.T)),
    gemm(gemm(head.T, noise), choleskySolve(cholesky(inputMoment), Matrix.identity(star.cols))),
  );
  const next = trunk.clone().fill(0);
  axpy(1 - eta, trunk, next);
  return outside(axpy(eta, kick, next), star);
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/**
 * G starts at N(0, 1/d) and F at its least-squares head; both then see fresh batches, F one of its own. Beside every run stands the
 * recursion of {@link angleStep} (infinitely many samples, no noise) from the same T₀. A row has medians over the runs: `simulated` ‖T_t‖_F,
 * `theory` the recursion, and `floor` the root of {@link kfacNoiseFloor}, which is that of E‖T‖²_F where F is at F*. `recursion` is the
 * largest relative deviation of simulated from theory while theory is above ten floors; `logs` has, for each run, log of simulated over theory where that is
 * farthest from 0 in the mean over runs. `identity` is the largest deviation, relative to ‖G‖, of a step of the descent from the exact identity.
 */
export const kfacAngle = defineExperiment({
  id: "kfac-angle",
  title: "The angle under stylised KFAC: recursion and noise floor",
  summary:
    "Stylised KFAC with fresh batches on y = F* G* x + ε from random starts: the tangent of the angle between G and G* against its exact recursion, and its stationary mean square against the noise floor η/(2−η)·s²·tr((FᵀF)⁻¹)·tr(P⊥S⁻¹)/(n−d−1).",
  schema: z.strictObject({
    d: z.int().min(2).max(1000).default(40).describe("input dimension"),
    dy: z.int().min(1).max(200).default(12).describe("outputs; at least k"),
    k: z.int().min(1).max(200).default(5).describe("width of the representation; less than d"),
    n: z.int().min(2).max(1_000_000).default(1000).describe("examples per batch; more than d + dy"),
    ...spectrumKeys,
    condF: z.number().min(1).max(1e6).default(3).describe("condition number of F* (σmax/σmin, log-spaced)"),
    noise: z.number().min(0).max(1e3).default(0.01).describe("standard deviation of the output noise"),
    lr: z.number().positive().lt(2).default(0.3).describe("learning rate η"),
    steps: z.int().min(1).max(100_000).default(40).describe("steps of the descent"),
    stationary: z.int().min(1).max(1_000_000).default(200).describe("steps after those over which the floor is measured"),
    runs: z.int().min(1).max(10_000).default(8).describe("independent runs: task, start and batches"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check(config) {
    const { d, dy, k, n } = config;
    checkSpectrum("kfac-angle", config, d);
    const reject = (key: string, got: number, allowed: string) => {
      throw notAllowed("kfac-angle", key, got, allowed);
    };
    if (k >= d) reject("k", k, `less than d = ${d}`);
    if (dy < k) reject("dy", dy, `at least k = ${k}`);
    if (n <= d + dy) reject("n", n, `more than d + dy = ${d + dy}`);
  },
  trial(config, { stream, record }) {
    const { d, dy, k, n, condF, noise, lr, steps, stationary, runs } = config;
    const simulated: number[][] = [];
    const theory: number[][] = [];
    const floors: number[] = [];
    const ratios: number[] = [];
    let worst = 0;
    for (let run = 0; run < runs; run++) {
      const own = stream.child("run", run);
      const star = randomTrunk(own.child("representation"), k, d);
      const task = randomTask(own.child("task"), star, { dy, covariance: spectrumOf(config, d), condF, noise });
      const trunk = own.child("trunk").normal(Matrix.zeros(k, d), { std: 1 / Math.sqrt(d) });
      const student = new Student(Matrix.zeros(dy, k), trunk);
      const batches = (purpose: string) => new Batches(own.child(purpose), task, { n, sampling: "statistics", inputs: "gaussian" });
      const heads = batches("head");
      const trunks = batches("trunk");
      const training = alternatingTraining(student, trunks, heads, stylisedTrunkStep(0));
      leastSquaresHead(student)(heads.next());
      let recursion = tangentOf(trunk, star);
      const [measured, predicted] = [[norm(recursion)], [norm(recursion)]];
      for (let t = 1; t <= steps; t++) {
        const before = { head: student.head.clone(), trunk: trunk.clone(), map: task.map };
        training.step(lr);
        const expected = identity(before, star, trunks.batch, lr);
        worst = Math.max(worst, norm(axpy(-1, outside(trunk, star), expected)) / norm(before.trunk));
        recursion = angleStep(recursion, task.covariance.matrix, star, lr);
        measured.push(norm(tangentOf(trunk, star)));
        predicted.push(norm(recursion));
      }
      simulated.push(measured);
      theory.push(predicted);
      const floor = kfacNoiseFloor({ head: task.head, covariance: task.covariance.matrix, basis: star, n, noise, eta: lr });
      let square = 0;
      for (let t = 0; t < stationary; t++) {
        training.step(lr);
        square += norm(tangentOf(trunk, star)) ** 2 / stationary;
      }
      floors.push(floor);
      if (floor > 0) ratios.push(square / floor);
    }
    let recursion = 0;
    let logs: number[] = new Array(runs).fill(0);
    for (let t = 0; t <= steps; t++) {
      const row = {
        simulated: median(simulated.map((values) => values[t]!)),
        theory: median(theory.map((values) => values[t]!)),
        floor: Math.sqrt(median(floors)),
      };
      record({ step: t, ...row });
      if (row.theory <= 10 * row.floor) continue;
      recursion = Math.max(recursion, Math.abs(row.simulated / row.theory - 1));
      const own = simulated.map((values, i) => Math.log(values[t]! / theory[i]![t]!));
      if (Math.abs(summarize(own).mean) > Math.abs(summarize(logs).mean)) logs = own;
    }
    const floor = noise > 0 ? { ...summarize(ratios), draws: ratios } : null;
    return { recursion, logs, identity: worst, floor, theoryFloor: Math.sqrt(median(floors)) };
  },
});
