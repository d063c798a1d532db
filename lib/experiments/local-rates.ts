import { z } from "zod";
import { axpy, eigvalsh, Matrix, norm, syrk } from "../linalg/index.js";
import { PopulationTraining, randomTask, randomTrunk } from "../models/linear-representation/index.js";
import { localRates, schurSpectrum } from "../theory/index.js";
import { notAllowed } from "./config.js";
import { defineExperiment } from "./define.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

/** Distance from G* at the start: small enough for the linear theory. */
const START = 1e-5;

/**
 * From G = G* + 1e-5·N(0, 1) the tangent T of the angle follows the linear theory mode by mode, so over random starts
 * `E‖T_t‖² = ‖T_0‖² mean(m²ᵗ)` over the modes m = 1 − ημ_iλ_j of {@link localRates}. A row has both sides, averaged over the starts.
 * `deviation` is the largest relative one; `standardErrors` how many (over starts) simulated and theory are apart where that is more than 5 %.
 */
export const localRepresentationRates = defineExperiment({
  id: "local-rates",
  title: "Local rates of linear representation learning",
  summary:
    "Alternating minimisation with infinitely many examples, started next to G*: decay of the angle under gradients preconditioned on no side, by P = FᵀF, by Q = S, or by both, against the modes 1 − ημλ with λ from the Schur complement of S.",
  schema: z.strictObject({
    d: z.int().min(2).max(1000).default(40).describe("input dimension"),
    dy: z.int().min(1).max(200).default(12).describe("outputs; at least k"),
    k: z.int().min(1).max(200).default(5).describe("width of the representation; less than d"),
    ...spectrumKeys,
    condF: z.number().min(1).max(1e6).default(3).describe("condition number of F* (σmax/σmin, log-spaced)"),
    preconditioning: z.enum(["none", "left", "right", "both"]).default("none").describe("which side of the gradient is preconditioned"),
    lr: z.number().positive().max(1e6).nullable().default(null).describe("learning rate; null: 1 over the largest curvature"),
    steps: z.int().min(1).max(100_000).default(300).describe("steps"),
    starts: z.int().min(1).max(10_000).default(24).describe("random starts averaged"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  check(config) {
    const { d, dy, k } = config;
    checkSpectrum("local-rates", config, d);
    if (d <= k) reject("d", d, `at least ${k + 1}`);
    if (dy < k) reject("dy", dy, `at least ${k}`);
  },
  trial(config, { stream, record }) {
    const { d, dy, k, condF, preconditioning, steps, starts } = config;
    const star = randomTrunk(stream.child("representation"), k, d);
    const task = randomTask(stream.child("task"), star, { dy, covariance: spectrumOf(config, d), condF, noise: 0 });
    const head = eigvalsh(syrk(task.head.T));
    const schur = schurSpectrum(task.covariance.matrix, star);
    const unit = localRates(head, schur, 1, preconditioning);
    const lr = config.lr ?? 1 / (1 - Math.min(...unit.modes));
    const { modes, radius } = localRates(head, schur, lr, preconditioning);
    if (radius > 1)
      reject("lr", lr, `at most ${2 / (1 - Math.min(...unit.modes))}, 2 over the largest curvature of this task, or it diverges`);
    const every = Math.ceil(steps / 100);
    /** ‖T_t‖² of every start, at the recorded steps. */
    const squares = new Map<number, number[]>();
    for (let start = 0; start < starts; start++) {
      const trunk = star.clone();
      axpy(START, stream.child("start", start).normal(Matrix.zeros(k, d)), trunk);
      const training = new PopulationTraining(task, trunk, preconditioning);
      for (let t = 0; t <= steps; t++) {
        if (t > 0) training.step(lr);
        if (t % every === 0 || t === steps) squares.set(t, [...(squares.get(t) ?? []), norm(training.tangent()) ** 2]);
      }
    }
    let deviation = 0;
    let standardErrors = 0;
    let final = 1;
    for (const [t, values] of squares) {
      const { value: simulated, standardError } = decay(values, squares.get(0)!);
      const theory = Math.sqrt(modes.reduce((sum, mode) => sum + mode ** (2 * t), 0) / modes.length);
      record({ step: t, simulated, theory });
      final = simulated;
      // Below that the start's second order and rounding take over.
      if (theory <= 1e-4) continue;
      const off = Math.abs(simulated / theory - 1);
      deviation = Math.max(deviation, off);
      if (off > 0.05) standardErrors = Math.max(standardErrors, Math.abs(simulated - theory) / (standardError ?? Number.POSITIVE_INFINITY));
    }
    return { lr, radius, deviation, standardErrors, final };
  },
});

/** Root of the mean of a over the mean of b, with its jackknife standard error over starts (null for one start). */
function decay(a: readonly number[], b: readonly number[]): { value: number; standardError: number | null } {
  const [sumA, sumB] = [a, b].map((values) => values.reduce((total, value) => total + value, 0)) as [number, number];
  const n = a.length;
  const value = Math.sqrt(sumA / sumB);
  if (n < 2) return { value, standardError: null };
  const without = a.map((own, i) => Math.sqrt((sumA - own) / (sumB - b[i]!)));
  const mean = without.reduce((total, one) => total + one, 0) / n;
  return { value, standardError: Math.sqrt(((n - 1) / n) * without.reduce((total, one) => total + (one - mean) ** 2, 0)) };
}

function reject(key: string, got: number, allowed: string): never {
  throw notAllowed("local-rates", key, got, allowed);
}
