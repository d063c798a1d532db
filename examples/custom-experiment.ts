// An experiment of your own, run over a grid in worker processes: `npx tsx examples/custom-experiment.ts`.
import { createOptimizer, Matrix } from "layerwise";
import { chunked, defineExperiment, LocalExecutor, makeTrial } from "layerwise/experiments";
import { gemm } from "layerwise/linalg";
import { z } from "zod";

/** Steps to fit a linear map, by the condition number of the inputs. */
const conditioning = defineExperiment({
  id: "conditioning",
  title: "Steps to fit a linear map",
  summary: "Least squares by a method of choice on inputs of a given condition number.",
  schema: z.strictObject({
    seed: z.int().nonnegative().default(0).describe("random seed"),
    method: z.string().default("sgd").describe("optimizer"),
    condition: z.number().min(1).default(10).describe("condition number of the inputs' covariance"),
    lr: z.number().positive().default(0.1).describe("learning rate"),
  }),
  trial(config, { stream, record }) {
    const d = 8;
    const x = stream.child("inputs").normal(Matrix.zeros(200, d));
    for (let j = 0; j < d; j++) for (let i = 0; i < 200; i++) x.set(i, j, x.get(i, j) * config.condition ** (-j / (2 * (d - 1))));
    const target = stream.child("target").normal(Matrix.zeros(1, d));
    const w = { name: "w", value: Matrix.zeros(1, d), gradient: Matrix.zeros(1, d), inputs: { samples: x } };
    // Every step sees all the data: no noise that asks for damping.
    const whole = config.method === "foof" ? { momentum: 0, damping: 0 } : {};
    const optimizer = createOptimizer(config.method, [w], { lr: config.lr, ...whole });
    const y = gemm(x, target.T);
    for (let step = 1; step <= 500; step++) {
      const residual = gemm(x, w.value.T);
      let loss = 0;
      for (let i = 0; i < 200; i++) {
        residual.data[i]! -= y.data[i]!;
        loss += residual.data[i]! ** 2 / 400;
      }
      record({ step, loss });
      if (loss < 1e-6) return { steps: step };
      gemm(residual.T, x, { alpha: 1 / 200, out: w.gradient });
      optimizer.step();
    }
    return { steps: null };
  },
});

/** Worker processes find the experiment here. */
export const experiments = [conditioning];

if (!process.send) {
  const grid = ["sgd", "foof"].flatMap((method) => [1, 100].map((condition) => ({ method, condition, lr: 0.3 })));
  const trials = grid.map((config) => makeTrial(conditioning, config));
  const executor = new LocalExecutor({ workers: 2, modules: [import.meta.url] });
  for await (const record of executor.execute(chunked(trials, 1))) {
    const { method, condition } = record.config;
    console.log(method, "condition", condition, "steps", record.status === "ok" ? record.metrics.steps : record.error);
  }
  await executor.close();
}
