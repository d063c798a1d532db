import { z } from "zod";
import { MatrixSensing } from "../models/matrix-sensing.js";
import { sensingModes } from "../theory/index.js";
import { notAllowed } from "./config.js";
import { defineExperiment } from "./define.js";

/** A run is stopped when its error exceeds its start by this factor. */
const DIVERGED = 1e3;

export const matrixSensing = defineExperiment({
  id: "matrix-sensing",
  title: "Matrix sensing by gradient descent and by ScaledGD",
  summary:
    "Recovers a rank-r matrix M* = UVᵀ from Gaussian measurements ⟨A_i, M*⟩ by gradient descent on U and V, plain or with each gradient preconditioned by the other factor's Gram matrix (ScaledGD): relative error against steps, beside the local rate.",
  schema: z.strictObject({
    d: z.int().min(2).max(500).default(30).describe("rows and columns of M*"),
    rank: z.int().min(1).max(100).default(3).describe("rank of M* and of the factors; at most d"),
    cond: z.number().min(1).max(1e8).default(100).describe("condition number of M*: σ_1/σ_r, log-spaced, σ_1 = 1"),
    measurements: z.int().min(0).max(100_000).default(1800).describe("measurements; 0: infinitely many"),
    noise: z.number().min(0).max(1e3).default(0).describe("standard deviation of the measurements' noise"),
    method: z.enum(["gd", "scaled-gd"]).default("scaled-gd").describe("plain gradients, or preconditioned by (VᵀV)⁻¹ and (UᵀU)⁻¹"),
    lr: z.number().positive().max(10).default(0.5).describe("learning rate, in units of 1/σ_1"),
    steps: z.int().min(1).max(100_000).default(200).describe("steps"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check({ d, rank }) {
    if (rank <= d) return;
    throw notAllowed("matrix-sensing", "rank", rank, `at most d = ${d}`);
  },
  trial({ d, rank, cond, measurements, noise, method, lr, steps }, { stream, record }) {
    const problem = new MatrixSensing(stream, { rows: d, cols: d, rank, cond, measurements, noise });
    const first = problem.relativeError();
    const errors = [first];
    record({ step: 0, error: first });
    const every = Math.ceil(steps / 200);
    let finite = true;
    for (let t = 1; t <= steps && finite; t++) {
      problem.step(method, lr);
      const error = problem.relativeError();
      finite = error < DIVERGED * first;
      if (!finite) break;
      errors.push(error);
      if (t % every === 0 || t === steps) record({ step: t, error });
    }
    const reached = errors.findIndex((error) => error <= 1e-3);
    const modes = sensingModes(problem.singular, lr, method === "scaled-gd");
    // Per step, over the second half of the descent to the rounding level.
    const floor = errors.findIndex((error) => error < 1e-11);
    const last = floor < 0 ? errors.length - 1 : floor;
    const half = last >> 1;
    return {
      "stepsTo0.001": reached < 0 ? null : reached,
      finalError: finite ? errors[errors.length - 1]! : null,
      rate: finite && last > half ? (errors[last]! / errors[half]!) ** (1 / (last - half)) : null,
      theoryRate: Math.max(...modes.map(Math.abs)),
    };
  },
});
