import { z } from "zod";
import { gemm, Matrix, norm, solve } from "../linalg/index.js";
import {
  alternatingTraining,
  Batches,
  leastSquaresHead,
  randomTask,
  randomTrunk,
  Student,
  stylisedTrunkStep,
} from "../models/linear-representation/index.js";
import { angleStep, kfacNoiseFloor } from "../theory/index.js";
import { ConfigError } from "./config.js";
import { defineExperiment } from "./define.js";
import { summarize } from "./single-index-common.js";
import { spectrumKeys, spectrumOf } from "./spectrum.js";

/** T = (GG*ᵀ)^{-1} G (I − G*ᵀG*). */
function tangentOf(trunk: Matrix, star: Matrix): Matrix {
  const along = gemm(trunk, star.T);
  const across = trunk.clone();
  gemm(along, star, { out: across, alpha: -1, beta: 1 });
  return solve(along, across);
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/**
 * G starts at N(0, 1/d) and F at its least-squares head; both then see fresh batches, F one of its own. Beside every run stands the
 * recursion of {@link angleStep} (infinitely many samples, no noise) from the same T₀. A row has medians over the runs: `simulated` ‖T_t‖_F,
 * `theory` the recursion, and `floor` the root of {@link kfacNoiseFloor}, which is that of E‖T‖²_F where F is at F*. `recursion` is the
 * largest relative deviation of simulated from theory while theory is above ten floors.
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
  check({ d, dy, k, n }) {
    const reject = (key: string, got: number, allowed: string) => {
      throw new ConfigError({ message: `kfac-angle: ${key} must be ${allowed}, got ${got}`, key, got, allowed });
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
    for (let run = 0; run < runs; run++) {
      const own = stream.child("run", run);
      const star = randomTrunk(own.child("representation"), k, d);
      const task = randomTask(own.child("task"), star, { dy, covariance: spectrumOf(config, d), condF, noise });
      const trunk = own.child("trunk").normal(Matrix.zeros(k, d), { std: 1 / Math.sqrt(d) });
      const student = new Student(Matrix.zeros(dy, k), trunk);
      const batches = (purpose: string) => new Batches(own.child(purpose), task, { n, sampling: "statistics", inputs: "gaussian" });
      const heads = batches("head");
      const training = alternatingTraining(student, batches("trunk"), heads, stylisedTrunkStep(0));
      leastSquaresHead(student)(heads.next());
      let recursion = tangentOf(trunk, star);
      const [measured, predicted] = [[norm(recursion)], [norm(recursion)]];
      for (let t = 1; t <= steps; t++) {
        training.step(lr);
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
    for (let t = 0; t <= steps; t++) {
      const row = {
        simulated: median(simulated.map((values) => values[t]!)),
        theory: median(theory.map((values) => values[t]!)),
        floor: Math.sqrt(median(floors)),
      };
      record({ step: t, ...row });
      if (row.theory > 10 * row.floor) recursion = Math.max(recursion, Math.abs(row.simulated / row.theory - 1));
    }
    const floor = noise > 0 ? { ...summarize(ratios), draws: ratios } : null;
    return { recursion, floor, theoryFloor: Math.sqrt(median(floors)) };
  },
});
