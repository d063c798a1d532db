// A TensorFlow.js model trained by Shampoo, SOAP and Muon beside its own Adam: `npx tsx examples/tfjs-model.ts`.
// With `@tensorflow/tfjs` or `@tensorflow/tfjs-node`, `tf` is that package and `layers` is `tf`.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { Matrix, Stream } from "layerwise";
import { tensorFlowOptimizer } from "layerwise/adapters/tfjs";

await tf.setBackend("cpu");
// Inputs that are strongly correlated: hard for methods that look at one weight at a time.
const hidden = new Stream(3, "inputs").normal(Matrix.zeros(256, 6)).toArrays();
const inputs = hidden.map((row) => row.map((_, j) => row.slice(0, j + 1).reduce((sum, value) => sum + value, 0)));
const x = tf.tensor2d(inputs);
const y = tf.tensor2d(hidden.map((row) => [Math.tanh(row[5]!)]));

async function train(name: string, optimizer: tf.Optimizer): Promise<void> {
  const kernel = (seed: number) => layers.initializers.glorotNormal({ seed });
  const model = layers.sequential();
  model.add(layers.layers.dense({ inputShape: [6], units: 16, activation: "tanh", kernelInitializer: kernel(1) }));
  model.add(layers.layers.dense({ units: 1, kernelInitializer: kernel(2) }));
  model.compile({ optimizer, loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, { epochs: 40, batchSize: 64, shuffle: false, verbose: 0 });
  console.log(name.padEnd(12), (history.loss as number[]).at(-1)!.toFixed(5));
}

await train("tf adam", tf.train.adam(0.02));
for (const method of ["shampoo", "soap", "muon"]) await train(method, tensorFlowOptimizer(tf, method, { lr: 0.02 }));
