import { z } from "zod";
import { Matrix } from "../linalg/index.js";
import {
  alternatingTasks,
  alternatingTraining,
  averagedTrunkStep,
  Batches,
  jointTasks,
  jointTraining,
  Metrics,
  optimizerTrunkStep,
  randomTask,
  randomTrunk,
  Student,
  stylisedTrunkStep,
  type Task,
  type Training,
  whitenedTrunkStep,
} from "../models/linear-representation/index.js";
import { findMethod, methodIds, methodShape, validate } from "../optim/index.js";
import { Covariance, type Stream } from "../random/index.js";
import { notAllowed, unknownName } from "./config.js";
import { covarianceIn, covarianceKey } from "./covariance-file.js";
import { defineExperiment } from "./define.js";
import { checkSpectrum, spectrumKeys, spectrumOf } from "./spectrum.js";

/** Methods that alternate with a least-squares head, and what steps on G. Every other registered method trains F and G jointly. */
const alternating: Readonly<Record<string, string>> = { amgd: "sgd", "kfac-stylised": "kfac-stylised", dfw: "foof" };

/** Training stops when the loss exceeds its start by this factor. */
const DIVERGED = 1e6;

const size = (value: number, least: number, most: number) => z.number().int().min(least).max(most).default(value);

const schema = z.strictObject({
  d: size(100, 1, 4096).describe("input dimension"),
  dy: size(15, 1, 1024).describe("outputs"),
  k: size(8, 1, 1024).describe("width of the representation; at most d"),
  n: size(1024, 1, 1_000_000).describe("examples per batch"),
  noise: z.number().min(0).max(1e3).default(0.01).describe("standard deviation of the output noise"),
  ...spectrumKeys,
  cond: spectrumKeys.cond.default(1000).describe("condition number of spectrum=log; every task has its own random rotation"),
  covariance: covarianceKey.describe(
    "a .npy file with a d×d covariance (symmetric, positive definite) for all tasks, as it is, in place of spectrum",
  ),
  tasks: size(1, 1, 1000).describe("train tasks that share G*, each with its own F*, covariance, noise and head; the loss is their mean"),
  condF: z
    .number()
    .min(0)
    .max(1e8)
    .refine((x) => x === 0 || x >= 1, "0 or a condition number ≥ 1")
    .default(0)
    .describe("condition number of F* (σmax/σmin, log-spaced); 0: independent N(0, 1) entries"),
  inputs: z.enum(["gaussian", "rademacher"]).default("gaussian").describe("law of the entries of u, x = S^{1/2} u"),
  sampling: z
    .enum(["batch", "statistics"])
    .default("batch")
    .describe("draw the examples of a batch, or its sufficient statistics exactly in law (Gaussian inputs, n > d + dy)"),
  optimizer: z
    .string()
    .default("kfac-stylised")
    .describe(
      "amgd (several tasks: FedRep), kfac-stylised, dfw (each task's gradient whitened by its own inputs), all with a least-squares head on a batch of its own; or any registered method on F and G jointly, gauss-newton included",
    ),
  lr: z.number().min(0).max(1e6).default(0.3).describe("learning rate (of G alone where the head is fitted)"),
  schedule: z.enum(["constant", "linear"]).default("constant").describe("learning rate over the steps: constant, or linear to 0"),
  steps: size(1000, 1, 10_000_000).describe("training steps"),
  damping: z.number().min(0).max(1e6).nullable().default(null).describe("the method's damping, if it has one; null: its default"),
  options: z.string().default("").describe('further options of the method, as "key=value;key=value" (p=2;graft=adam)'),
  fisher: z
    .enum(["exact", "sampled", "empirical"])
    .default("exact")
    .describe(
      "output gradients shown to curvature methods: of the model's labels in expectation, of one sampled label each, or of the batch's",
    ),
  batchNorm: z.enum(["none", "hidden", "input"]).default("none").describe("batch normalisation of z = Gx, of x, or none"),
  seed: size(0, 0, Number.MAX_SAFE_INTEGER).describe("seed of everything random"),
});

type Config = z.output<typeof schema>;

/**
 * Learning a linear representation y = F* G* x + ε from fresh batches, and transferring it to a second task on the same G*.
 *
 * A row (step 0 is the initialisation) is recorded at every step up to 100 and then at every ⌈steps/200⌉-th, all of it under
 * the population's law: `trainLoss` ½E|y − f(x)|², noise included, the mean over the train tasks; `distance` sin θ_max(row G, row G*); `transferLoss` the
 * excess loss on the transfer task after refitting F on the frozen trunk by least squares. Batch normalisation enters with
 * the population's statistics of the train task. `stepsTo…` are exact, whatever is recorded. A run that diverges (not
 * finite, or a million times the initial loss) stops; its final metrics are null.
 */
export const linearRepresentation = defineExperiment({
  id: "linear-representation",
  title: "Linear representation learning",
  summary:
    "Learns y = F* G* x + ε with anisotropic inputs by f(x) = F G x and transfers G to a second task: train loss, subspace distance and transfer loss against steps.",
  schema,
  timed: true,
  check(config) {
    check(config);
    optimizerOf(config);
  },
  trial(config, { stream, record }) {
    const { steps, lr, schedule } = config;
    const { training, evaluate } = prepare(config, stream);
    let row = evaluate();
    record({ step: 0, ...row });
    const limit = DIVERGED * row.trainLoss;
    const reached: Record<number, number | null> = { 0.1: null, 0.01: null };
    const note = (distance: number, step: number) => {
      for (const level of [0.1, 0.01]) if (reached[level] === null && distance <= level) reached[level] = step;
    };
    note(row.distance, 0);
    const every = Math.ceil(steps / 200);
    let finite = true;
    for (let t = 1; t <= steps && finite; t++) {
      finite = training.step(schedule === "linear" ? lr * (1 - (t - 1) / steps) : lr);
      if (t <= 100 || t % every === 0 || t === steps || !finite) {
        row = evaluate();
        finite &&= row.trainLoss <= limit && Number.isFinite(row.distance) && Number.isFinite(row.transferLoss);
        if (!finite) break;
        record({ step: t, ...row });
        note(row.distance, t);
      } else if (reached[0.01] === null) {
        note(evaluate.distance(), t);
      }
    }
    return {
      "stepsTo0.1": reached[0.1]!,
      "stepsTo0.01": reached[0.01]!,
      finalDistance: finite ? row.distance : null,
      finalTrainLoss: finite ? row.trainLoss : null,
      finalTransferLoss: finite ? row.transferLoss : null,
    };
  },
});

function prepare(config: Config, stream: Stream) {
  const { d, dy, k, tasks, noise, condF, batchNorm, n, sampling, inputs, fisher, optimizer } = config;
  const trunkStar = randomTrunk(stream.child("representation"), k, d);
  const law = { dy, covariance: covarianceOf(config), condF, noise };
  const initial = stream.child("initialisation");
  const trunk = initial.child("trunk").normal(Matrix.zeros(k, d), { std: 1 / Math.sqrt(d) });
  /** The t-th task; the first one does not depend on how many there are. */
  const own = (purpose: Stream, t: number) => (t === 0 ? purpose : purpose.child(t));
  const indices = Array.from({ length: tasks }, (_, t) => t);
  const train = indices.map((t) => randomTask(own(stream.child("train"), t), trunkStar, law));
  const transfer = randomTask(stream.child("transfer"), trunkStar, law);
  const students = indices.map((t) => {
    const head = own(initial.child("head"), t).normal(Matrix.zeros(dy, k), { std: 1 / Math.sqrt(k) });
    return new Student(head, trunk, batchNorm);
  });
  const batches = (purpose: string) =>
    train.map(
      (task, t) =>
        new Batches(own(stream.child("batches", purpose), t), task, {
          n,
          sampling,
          inputs,
          centered: batchNorm !== "none",
          standardized: batchNorm === "input",
        }),
    );
  const { method, options } = optimizerOf(config);
  const alternates = Object.hasOwn(alternating, optimizer);
  let training: Training;
  if (tasks === 1 && alternates && optimizer !== "dfw") {
    training = alternatingTraining(students[0]!, batches("trunk")[0]!, batches("head")[0]!, trunkStep(method, options));
  } else if (alternates) {
    const step = optimizer === "dfw" ? whitenedTrunkStep(Number(options.damping ?? 0)) : averagedTrunkStep(method, options);
    training = alternatingTasks({ students, batches: batches("trunk") }, batches("head"), step);
  } else if (tasks === 1) {
    training = jointTraining(students[0]!, batches("joint")[0]!, method, options, fisher, stream.child("labels"));
  } else {
    training = jointTasks({ students, batches: batches("joint") }, method, options);
  }
  const metrics = new Metrics(k, d, dy);
  const effective = Matrix.zeros(k, d);
  const see = () => students[0]!.effectiveTrunk(train[0]!.covariance.matrix, effective);
  const loss = (task: Task, t: number) => metrics.loss(task, students[t]!.head, effective);
  const evaluate = Object.assign(
    () => {
      see();
      return {
        trainLoss: train.map(loss).reduce((a, b) => a + b, 0) / tasks,
        distance: metrics.distance(effective, trunkStar),
        transferLoss: metrics.transferLoss(transfer, effective),
      };
    },
    { distance: () => metrics.distance(see(), trunkStar) },
  );
  return { training, evaluate };
}

/** The spectrum of the tasks' covariances, or the covariance in the given file. */
function covarianceOf(config: Config): Covariance | Float64Array {
  const { covariance: path, d } = config;
  if (path === "") return spectrumOf(config, d);
  return Covariance.from(covarianceIn(path, d, "linear-representation"));
}

/** Stylised KFAC by solves unless it is given options (refresh, averaging, …), which the registered optimizer has. */
function trunkStep(method: string, options: Record<string, unknown>) {
  const { damping = 0, ...others } = options;
  return method === "kfac-stylised" && Object.keys(others).length === 0
    ? stylisedTrunkStep(Number(damping))
    : optimizerTrunkStep(method, options);
}

function reject(key: keyof Config, got: unknown, allowed: string): never {
  throw notAllowed("linear-representation", key, got, allowed);
}

/** What no single key can say. */
function check(config: Config): void {
  const { d, dy, k, n, condF, sampling, inputs, tasks, batchNorm, fisher, optimizer } = config;
  checkSpectrum("linear-representation", config, d);
  if (k > d) reject("k", k, `at most d = ${d}`);
  if (k > dy && condF > 0) reject("k", k, `at most dy = ${dy} with condF > 0`);
  if (sampling === "statistics" && inputs !== "gaussian") reject("sampling", sampling, "batch unless inputs=gaussian");
  if (sampling === "statistics" && n <= d + dy) reject("n", n, `more than d + dy = ${d + dy} with sampling=statistics`);
  if (tasks > 1 && batchNorm !== "none") reject("batchNorm", batchNorm, "none with several tasks");
  if (tasks > 1 && fisher !== "exact") reject("fisher", fisher, "exact with several tasks");
  if (optimizer !== "gauss-newton") return;
  if (tasks > 1) reject("tasks", tasks, "1 with gauss-newton");
  if (batchNorm !== "none") reject("batchNorm", batchNorm, "none with gauss-newton");
  if (fisher !== "exact" && sampling !== "batch")
    reject("sampling", sampling, "batch where gauss-newton needs gradients of single examples");
}

/** The method behind `optimizer`, and its options. */
function optimizerOf({ optimizer, damping, options: text, dy }: Config): { method: string; options: Record<string, unknown> } {
  const ids = [...new Set([...Object.keys(alternating), ...methodIds()])].sort();
  if (!ids.includes(optimizer)) throw unknownName("optimizer", optimizer, ids);
  const method = alternating[optimizer] ?? optimizer;
  const options: Record<string, unknown> = {};
  const known = methodShape(findMethod(method));
  if (damping !== null && "damping" in known) options.damping = damping;
  for (const entry of text.split(";").filter((part) => part.trim() !== "")) {
    const [key, value] = entry.split("=", 2).map((part) => part.trim());
    const keys = Object.keys(known).filter((name) => name !== "provider" && name !== "fisher");
    if (value === undefined || !key || !keys.includes(key))
      reject("options", JSON.stringify(entry), `key=value with a key of ${keys.join(", ")}`);
    options[key] =
      value === "true" || value === "false"
        ? value === "true"
        : Number.isFinite(Number(value))
          ? Number(value)
          : value === "null"
            ? null
            : value;
  }
  try {
    // The model provides the curvature.
    const provider = "provider" in known ? { provider: { outputs: dy, jacobian: () => Matrix.zeros(0, 0) } } : {};
    validate(method, known, { ...options, ...provider });
  } catch (error) {
    reject("options", JSON.stringify(text), `what ${method} takes (${(error as Error).message})`);
  }
  return { method, options };
}
