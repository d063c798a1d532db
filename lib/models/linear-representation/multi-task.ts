import { axpy, Matrix, scale, syrk } from "../../linalg/index.js";
import { createOptimizer, type Parameter } from "../../optim/index.js";
import type { Batches } from "./batches.js";
import type { Student } from "./student.js";
import { leastSquaresHead, moment, type OptimizerOptions, stepAlong, stepIfFinite, type Training } from "./training.js";

/**
 * Several tasks that share the trunk G (the students hold the same matrix), each with a head, F*, S and noise of its own; the loss is
 * the mean over the tasks.
 */
export interface TaskGroup {
  readonly students: readonly Student[];
  /** One stream of batches per task. */
  readonly batches: readonly Batches[];
}

/** How the shared trunk steps, once every task's gradients on its batch are there. */
export type SharedTrunkStep = (group: TaskGroup) => (lr: number) => boolean;

/** The mean of matrices of one shape, into `out`. */
function average(parts: readonly Matrix[], out: Matrix): Matrix {
  out.fill(0);
  for (const part of parts) axpy(1 / parts.length, part, out);
  return out;
}

/** The means over tasks that an optimizer of the shared trunk is shown: ∇G, Sxx and FᵀF. */
function sharedTrunk({ students, batches }: TaskGroup) {
  const { trunk } = students[0]!;
  const { rows: k, cols: d } = trunk;
  const gradient = Matrix.zeros(k, d);
  const inputs = Matrix.zeros(d, d);
  const outputs = Matrix.zeros(k, k);
  const parameter: Parameter = {
    name: "G",
    value: trunk,
    gradient,
    inputs: moment(() =>
      average(
        batches.map(({ batch }) => batch.inputMoment),
        inputs,
      ),
    ),
    outputGradients: moment(() =>
      average(
        students.map(({ backward }) => syrk(backward.T)),
        outputs,
      ),
    ),
  };
  const refresh = () => {
    average(
      students.map(({ trunkGradient }) => trunkGradient),
      gradient,
    );
  };
  return { parameter, gradient, refresh };
}

/** A registered optimizer on the mean gradient, which is shown the means of Sxx and of FᵀF. With `sgd` the scheme is FedRep (arXiv 2102.07078). */
export function averagedTrunkStep(method: string, options: OptimizerOptions): SharedTrunkStep {
  return (group) => {
    const { parameter, gradient, refresh } = sharedTrunk(group);
    const optimizer = createOptimizer(method, [parameter], options);
    return (lr) => {
      refresh();
      return stepIfFinite(optimizer, lr, [gradient]);
    };
  };
}

/**
 * Each task's gradient whitened by its own covariance before the mean is taken: `G ← G − η mean_t ∇_t (Sxx_t + λI)^{-1}`. With heads fitted
 * on batches of their own this is DFW (arXiv 2308.04428) but for the orthonormalisation of G, which does not change its row space.
 */
export function whitenedTrunkStep(damping: number): SharedTrunkStep {
  return ({ students, batches }) => {
    const { trunk } = students[0]!;
    const whitened = students.map(() => Matrix.zeros(trunk.rows, trunk.cols));
    const direction = Matrix.zeros(trunk.rows, trunk.cols);
    return (lr) => {
      const solved = students.every(({ whitenedGradient }, t) => batches[t]!.batch.solve(whitenedGradient, damping, whitened[t]!));
      return solved && stepAlong(average(whitened, direction), lr, trunk);
    };
  };
}

/** A step on the shared trunk, then every head by least squares at the new trunk, on batches of its own. */
export function alternatingTasks(group: TaskGroup, headBatches: readonly Batches[], trunkStep: SharedTrunkStep): Training {
  const { students, batches } = group;
  const stepTrunk = trunkStep(group);
  const fitHeads = students.map((student) => leastSquaresHead(student));
  return {
    step(lr) {
      students.forEach((student, t) => {
        student.gradients(batches[t]!.next());
      });
      return stepTrunk(lr) && fitHeads.every((fit, t) => fit(headBatches[t]!.next()));
    },
  };
}

/** All heads and the trunk together, by any registered optimizer, on one batch per task and step; output gradients are the exact Fisher's. */
export function jointTasks(group: TaskGroup, method: string, options: OptimizerOptions): Training {
  const { students, batches } = group;
  const { parameter, gradient, refresh } = sharedTrunk(group);
  const share = 1 / students.length;
  const parameters: Parameter[] = [
    parameter,
    ...students.map((student, t) => {
      const identity = scale(share, Matrix.identity(student.head.rows));
      return {
        name: `F${t}`,
        value: student.head,
        gradient: student.headGradient,
        inputs: moment(() => student.featureMoment),
        outputGradients: { moment: identity },
      };
    }),
  ];
  const optimizer = createOptimizer(method, parameters, options);
  const gradients = [gradient, ...students.map(({ headGradient }) => headGradient)];
  const evaluate = (t: number) => {
    const loss = students[t]!.gradients(batches[t]!.batch);
    scale(share, students[t]!.headGradient);
    return share * loss;
  };
  const closure = () => {
    const loss = students.reduce((sum, _, t) => sum + evaluate(t), 0);
    refresh();
    return loss;
  };
  return {
    step(lr) {
      for (const each of batches) each.next();
      closure();
      return stepIfFinite(optimizer, lr, gradients, closure);
    },
  };
}
