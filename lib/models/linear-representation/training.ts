import { gemm, Matrix, norm, syrk } from "../../linalg/index.js";
import { createOptimizer, type Optimizer, type Parameter } from "../../optim/index.js";
import type { Batches } from "./moments.js";
import { PreconditionedStep } from "./preconditioned-step.js";
import type { Student } from "./student.js";

/** A training method, one step at a time. */
export interface Training {
  /** One step at learning rate `lr`, on fresh batches. @returns false when something was not finite. */
  step(lr: number): boolean;
}

/** Which output-gradient covariance E δδᵀ a curvature method is shown. */
export type Fisher = "exact" | "empirical";

/** What an optimizer takes besides a learning rate. */
export type OptimizerOptions = Readonly<Record<string, unknown>>;

/**
 * F and G together, by any registered optimizer, on one batch per step. Curvature methods see
 * - as inputs: Sxx for G, Szz for F;
 * - as output gradients δ = dL/d(Wx), with B = dy/dz (F, or F D under batch normalisation):
 *   `exact` (labels of the model, unit variance, as squared loss says): BᵀB for G, I for F;
 *   `empirical` (the labels of the batch, residual r): Bᵀ E[rrᵀ] B for G, E[rrᵀ] for F.
 */
export function jointTraining(student: Student, batches: Batches, method: string, options: OptimizerOptions, fisher: Fisher): Training {
  const { head, trunk, headGradient, trunkGradient, features, backward } = student;
  const { rows: dy, cols: k } = head;
  const moments = batches.allocate(fisher === "empirical");
  const residual = Matrix.identity(dy);
  const colored = Matrix.zeros(k, dy);
  const outputs = Matrix.zeros(k, k);
  const parameters: Parameter[] = [
    { name: "G", value: trunk, gradient: trunkGradient, inputs: { moment: moments.xx }, outputGradients: { moment: outputs } },
    { name: "F", value: head, gradient: headGradient, inputs: { moment: features.zz }, outputGradients: { moment: residual } },
  ];
  const optimizer = createOptimizer(method, parameters, options);
  const backwardT = backward.T;
  return {
    step(lr) {
      student.gradients(student.normalizeInputs(batches.next().moments(moments)));
      if (moments.yy) {
        student.residualMoment(moments.yy, residual);
        gemm(gemm(backwardT, residual, { out: colored }), backward, { out: outputs });
      } else {
        syrk(backwardT, { out: outputs });
      }
      return stepIfFinite(optimizer, lr, [trunkGradient, headGradient]);
    },
  };
}

/** How G steps in {@link alternatingTraining}; `inputs` and `outputs` are its two moments, Sxx and FᵀF. */
export type TrunkStep = (student: Student, inputs: Matrix, outputs: Matrix) => (lr: number) => boolean;

/** Stylised KFAC on G: `G ← G − η (FᵀF)^{-1} ∇L (Sxx + λI)^{-1}`. */
export function stylisedTrunkStep(damping: number): TrunkStep {
  return ({ trunk, trunkGradient }, q, p) => {
    const step = new PreconditionedStep(trunk.rows, trunk.cols);
    return (lr) => step.apply(trunk, trunkGradient, { lr, q, damping, p });
  };
}

/** A registered optimizer on G, which is shown Sxx and FᵀF. */
export function optimizerTrunkStep(method: string, options: OptimizerOptions): TrunkStep {
  return ({ trunk, trunkGradient }, inputs, outputs) => {
    const parameter = {
      name: "G",
      value: trunk,
      gradient: trunkGradient,
      inputs: { moment: inputs },
      outputGradients: { moment: outputs },
    };
    const optimizer = createOptimizer(method, [parameter], options);
    return (lr) => stepIfFinite(optimizer, lr, [trunkGradient]);
  };
}

/**
 * The alternating scheme: a step on G, then a full least-squares step on F at the new G, on a batch of its own:
 * `F ← Syz Szz^{-1}`.
 */
export function alternatingTraining(student: Student, trunkBatches: Batches, headBatches: Batches, trunkStep: TrunkStep): Training {
  const { head, trunk, headGradient, features, backward } = student;
  const moments = trunkBatches.allocate();
  const headMoments = headBatches.allocate();
  const outputs = Matrix.zeros(trunk.rows, trunk.rows);
  const backwardT = backward.T;
  const stepTrunk = trunkStep(student, moments.xx, outputs);
  const leastSquares = new PreconditionedStep(head.rows, head.cols);
  return {
    step(lr) {
      student.gradients(student.normalizeInputs(trunkBatches.next().moments(moments)));
      syrk(backwardT, { out: outputs });
      if (!stepTrunk(lr)) return false;
      student.featureMoments(headBatches.next(), headMoments);
      student.headGradientFromFeatures();
      return leastSquares.apply(head, headGradient, { lr: 1, q: features.zz });
    },
  };
}

function stepIfFinite(optimizer: Optimizer, lr: number, gradients: readonly Matrix[]): boolean {
  if (!gradients.every((gradient) => Number.isFinite(norm(gradient)))) return false;
  optimizer.lr = lr;
  optimizer.step();
  return true;
}
