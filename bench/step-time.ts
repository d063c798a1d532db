// Milliseconds of processor time of an optimizer's step on a network, gradients included. Methods take turns, ten steps each (one refresh of
// those that refresh every ten), so that a slower minute of the machine is a slower minute of all of them; medians of the rounds.
import type { DType } from "../lib/linalg/index.js";
import {
  Batches,
  type Dataset,
  evaluateBatch,
  NetworkCurvature,
  type Problem,
  type ProblemName,
  problems,
} from "../lib/models/networks/index.js";
import { createOptimizer, findMethod, methodShape } from "../lib/optim/index.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { median, milliseconds } from "./harness.js";

/** What matters of a configuration of the experiment `train`. */
export interface Training {
  readonly model: string;
  readonly optimizer: string;
  readonly lr: number;
  readonly precision: string;
  readonly batch?: number;
  readonly options?: string;
}

const STEPS = 10;

/** One figure for each configuration, all of one model; NaN for one that fails. */
export async function stepMilliseconds(configs: readonly Training[], rounds: number): Promise<number[]> {
  setThreads(1);
  const { model, precision } = configs[0]!;
  const data = await problems[model as ProblemName].data(new Stream(1, "step time", model), precision as DType);
  const runners = configs.map((config) => runner(config, data));
  const times = configs.map(() => [] as number[]);
  // The first round is for the compiler, and for the refreshes at steps 1, 2, 4, 8.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, run] of runners.entries()) {
      try {
        const ms = milliseconds(run) / STEPS;
        if (round > 0) times[i]!.push(ms);
      } catch {
        times[i]!.push(Number.NaN);
      }
    }
  }
  return times.map(median);
}

/** Ten further steps of a training. */
function runner(config: Training, data: Dataset): () => void {
  const problem: Problem = problems[config.model as ProblemName];
  const stream = new Stream(1, "step time", config.model);
  const network = problem.network(stream.child("weights"), config.precision as DType);
  const loss = problem.loss();
  const batches = new Batches(data, config.batch ?? problem.batch, stream.child("batches"));
  const curvature = new NetworkCurvature(network, loss, data.targets.cols, stream.child("curvature"));
  const method = findMethod(config.optimizer);
  const fisher = "sampled";
  const provided = "provider" in methodShape(method) ? { provider: curvature, fisher } : {};
  const optimizer = createOptimizer(config.optimizer, network.parameters, {
    ...provided,
    lr: config.lr,
    ...JSON.parse(config.options ?? "{}"),
  });
  const labels = { kind: method.curvature ? fisher : "empirical", stream: stream.child("labels") } as const;
  return () => {
    for (let step = 0; step < STEPS; step++) {
      const batch = batches.draw();
      optimizer.step(() => evaluateBatch(network, loss, batch, labels, curvature));
    }
  };
}
