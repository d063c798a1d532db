import { axpy, gemm, Matrix, norm, syrk } from "../../linalg/index.js";
import { createOptimizer, findMethod, methodShape, type Optimizer, type Parameter } from "../../optim/index.js";
import { type Stream, wishartFactor } from "../../random/index.js";
import type { Batch, Batches } from "./batches.js";
import { jointCurvature } from "./curvature.js";
import type { Student } from "./student.js";
import { SymmetricSolver } from "./symmetric-solver.js";

/** A training method, one step at a time. */
export interface Training {
  /** One step at learning rate `lr`, on fresh batches. @returns false, leaving the weights, when something was not finite. */
  step(lr: number): boolean;
}

/** Which output-gradient covariance E δδᵀ a curvature method is shown. */
export type Fisher = "exact" | "sampled" | "empirical";

/** What an optimizer takes besides a learning rate. */
export type OptimizerOptions = Readonly<Record<string, unknown>>;

/**
 * F and G together, by any registered optimizer, on one batch per step. Curvature methods see
 * - as inputs: Sxx for G, Szz for F;
 * - as output gradients δ = dL/d(Wx), with B = dy/dz (F, or F D under batch normalisation):
 *   `exact` (labels of the model, unit variance, as squared loss says): BᵀB for G, I for F;
 *   `sampled` (one label of the model per example, residual r of standard normals): Bᵀ E[rrᵀ] B for G, E[rrᵀ] for F;
 *   `empirical` (the labels of the batch, residual r): the same.
 *
 * Methods that take a curvature provider (`gauss-newton`) get {@link jointCurvature}, of the same kind of labels.
 * @param labels where sampled labels come from
 */
export function jointTraining(
  student: Student,
  batches: Batches,
  method: string,
  options: OptimizerOptions,
  fisher: Fisher,
  labels?: Stream,
): Training {
  const { head, trunk, headGradient, trunkGradient } = student;
  const { rows: dy, cols: k } = head;
  const residual = Matrix.identity(dy);
  const colored = Matrix.zeros(k, dy);
  const outputs = Matrix.zeros(k, k);
  const { batch } = batches;
  if (fisher === "sampled" && !labels) throw new TypeError('jointTraining: fisher "sampled" needs a stream for the labels');
  const residualMoment = () => (fisher === "sampled" ? residual : student.residualMoment(residual));
  // Moments are computed when an optimizer reads them: most never do.
  const parameters: Parameter[] = [
    {
      name: "G",
      value: trunk,
      gradient: trunkGradient,
      inputs: moment(() => batch.inputMoment),
      outputGradients: moment(() => {
        const { backward } = student;
        if (fisher === "exact") return syrk(backward.T, { out: outputs });
        return gemm(gemm(backward.T, residualMoment(), { out: colored }), backward, { out: outputs });
      }),
    },
    {
      name: "F",
      value: head,
      gradient: headGradient,
      inputs: moment(() => student.featureMoment),
      outputGradients: moment(() => (fisher === "exact" ? residual : residualMoment())),
    },
  ];
  const whole = "provider" in methodShape(findMethod(method));
  const joint = whole ? { ...options, fisher, provider: jointCurvature(student, batches, labels) } : options;
  const optimizer = createOptimizer(method, parameters, joint);
  const root = Matrix.zeros(dy, dy);
  const closure = () => student.gradients(batch);
  return {
    step(lr) {
      student.gradients(batches.next());
      if (fisher === "sampled" && !whole) syrk(wishartFactor(labels!, dy, batch.n, { out: root }), { out: residual, alpha: 1 / batch.n });
      return stepIfFinite(optimizer, lr, [trunkGradient, headGradient], closure);
    },
  };
}

/** How G steps in {@link alternatingTraining}, once the gradients on `batch` are there. */
export type TrunkStep = (student: Student, batch: Batch) => (lr: number) => boolean;

/** Stylised KFAC on G: `G ← G − η (FᵀF)^{-1} ∇L (Sxx + λI)^{-1}`, by solves. */
export function stylisedTrunkStep(damping: number): TrunkStep {
  return (student, batch) => {
    const { trunk, whitenedGradient } = student;
    const outputs = Matrix.zeros(trunk.rows, trunk.rows);
    const direction = Matrix.zeros(trunk.rows, trunk.cols);
    const solver = new SymmetricSolver(trunk.rows);
    return (lr) => {
      if (!batch.solve(whitenedGradient, damping, direction)) return false;
      if (!solver.set(syrk(student.backward.T, { out: outputs }))) return false;
      return stepAlong(solver.left(direction), lr, trunk);
    };
  };
}

/** A registered optimizer on G, which is shown Sxx and FᵀF. */
export function optimizerTrunkStep(method: string, options: OptimizerOptions): TrunkStep {
  return (student, batch) => {
    const { trunk, trunkGradient } = student;
    const outputs = Matrix.zeros(trunk.rows, trunk.rows);
    const parameter = {
      name: "G",
      value: trunk,
      gradient: trunkGradient,
      inputs: moment(() => batch.inputMoment),
      outputGradients: moment(() => syrk(student.backward.T, { out: outputs })),
    };
    const optimizer = createOptimizer(method, [parameter], options);
    return (lr) => stepIfFinite(optimizer, lr, [trunkGradient]);
  };
}

/**
 * The least-squares step on F: `F ← F − η ∇F (Szz + λI)^{-1}`, which with η = 1 and λ = 0 lands on Syz Szz^{-1} from
 * anywhere.
 */
export function leastSquaresHead(student: Student, { lr = 1, damping = 0 } = {}): (batch: Batch) => boolean {
  const { head, headGradient } = student;
  const solver = new SymmetricSolver(head.cols);
  return (batch) => {
    student.gradientOfHead(batch);
    return solver.set(student.featureMoment, damping) && stepAlong(solver.right(headGradient), lr, head);
  };
}

/** The alternating scheme: a step on G, then a full least-squares step on F at the new G, on a batch of its own. */
export function alternatingTraining(student: Student, trunkBatches: Batches, headBatches: Batches, trunkStep: TrunkStep): Training {
  const stepTrunk = trunkStep(student, trunkBatches.batch);
  const fitHead = leastSquaresHead(student);
  return {
    step(lr) {
      student.gradients(trunkBatches.next());
      return stepTrunk(lr) && fitHead(headBatches.next());
    },
  };
}

/** A statistic that is computed when it is read. */
export function moment(compute: () => Matrix): { readonly moment: Matrix } {
  return {
    get moment() {
      return compute();
    },
  };
}

/** W ← W − η·direction. @returns false, leaving W, when the direction is not finite. */
export function stepAlong(direction: Matrix, lr: number, weight: Matrix): boolean {
  if (!Number.isFinite(norm(direction))) return false;
  axpy(-lr, direction, weight);
  return true;
}

/** An optimizer's step unless a gradient is not finite. */
export function stepIfFinite(optimizer: Optimizer, lr: number, gradients: readonly Matrix[], closure?: () => number): boolean {
  if (!gradients.every((gradient) => Number.isFinite(norm(gradient)))) return false;
  optimizer.lr = lr;
  optimizer.step(closure);
  return true;
}
