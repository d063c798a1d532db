import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { tensorFlowOptimizer, watchDense } from "../../lib/adapters/tfjs.js";
import { gemm, Matrix } from "../../lib/linalg/index.js";
import { Stream } from "../../lib/random/index.js";

beforeAll(async () => {
  tf.env().set("IS_TEST", true);
  await tf.setBackend("cpu");
});

const inputs = new Stream(5, "tfjs").normal(Matrix.zeros(64, 4));
const x = tf.tensor2d(Float32Array.from(inputs.data), [64, 4]);
const y = tf.tensor2d(inputs.toArrays().map(([a, b]) => [Math.tanh(a! - b!)]));

/** The same network at each call. */
function network() {
  const initializer = (seed: number) => layers.initializers.glorotNormal({ seed });
  const model = layers.sequential();
  model.add(layers.layers.dense({ inputShape: [4], units: 8, activation: "tanh", kernelInitializer: initializer(1) }));
  model.add(layers.layers.dense({ units: 1, kernelInitializer: initializer(2) }));
  return model;
}
const weightsOf = (model: layers.LayersModel) => model.getWeights().flatMap((weight) => [...weight.dataSync()]);

async function losses(optimizer: tf.Optimizer, epochs = 30): Promise<number[]> {
  const model = network();
  model.compile({ optimizer, loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, { epochs, batchSize: 64, shuffle: false, verbose: 0 });
  return history.loss as number[];
}

describe("tensorFlowOptimizer", () => {
  it.each([
    ["shampoo", { lr: 0.05 }],
    ["kl-shampoo", { lr: 0.05 }],
    ["soap", { lr: 0.05 }],
    ["muon", { lr: 0.05 }],
    ["splus", { lr: 0.2 }],
    ["adamw", { lr: 0.05 }],
  ])("trains a model by %s", async (method, options) => {
    const history = await losses(tensorFlowOptimizer(tf, method, options));
    expect(history.at(-1)!).toBeLessThan(history[0]! / 2);
  });

  it("walks as TensorFlow.js's own gradient descent does", async () => {
    const ours = await losses(tensorFlowOptimizer(tf, "sgd", { lr: 0.1, momentum: 0 }), 10);
    const theirs = await losses(tf.train.sgd(0.1), 10);
    ours.forEach((loss, i) => {
      expect(loss).toBeCloseTo(theirs[i]!, 5);
    });
  });

  it("takes the last axis of a kernel as output, and changes every element by its own gradient", () => {
    const kernel = tf.variable(tf.zeros([2, 2, 3, 5]), true, "kernel");
    const target = tf.tensor(
      Float32Array.from({ length: 60 }, (_, i) => i),
      [2, 2, 3, 5],
    );
    const optimizer = tensorFlowOptimizer(tf, "sgd", { lr: 1, momentum: 0 });
    optimizer.minimize(() => tf.mul(tf.sum(tf.square(tf.sub(kernel, target))), 0.5) as tf.Scalar, false, [kernel]);
    expect([...kernel.dataSync()]).toEqual([...target.dataSync()]);
    const { value } = optimizer.inner!.parameters[0]!;
    expect([value.rows, value.cols]).toEqual([5, 12]);
    kernel.dispose();
  });

  it("continues exactly from saved weights, in the same optimizer and in a new one", async () => {
    const model = network();
    const train = async (optimizer: tf.Optimizer) => {
      model.compile({ optimizer, loss: "meanSquaredError" });
      await model.fit(x, y, { epochs: 3, batchSize: 32, shuffle: false, verbose: 0 });
      return weightsOf(model);
    };
    const optimizer = tensorFlowOptimizer(tf, "soap", { lr: 0.02 });
    await train(optimizer);
    const weights = model.getWeights().map((weight) => weight.clone());
    const state = await optimizer.getWeights();
    const expected = await train(optimizer);
    for (const restored of [optimizer, tensorFlowOptimizer(tf, "soap", { lr: 0.02 })]) {
      model.setWeights(weights);
      await restored.setWeights(state);
      expect(await train(restored)).toEqual(expected);
    }
  });

  it("leaves a variable without gradient alone, and refuses one that came later", () => {
    const [a, b] = ["a", "b"].map((name) => tf.variable(tf.ones([2, 2]), true, name)) as [tf.Variable, tf.Variable];
    const loss = (v: tf.Variable) => () => tf.sum(tf.square(v)) as tf.Scalar;
    const optimizer = tensorFlowOptimizer(tf, "muon", { lr: 0.1 });
    optimizer.minimize(loss(a), false, [a]);
    expect(() => optimizer.minimize(loss(b), false, [b])).toThrow(/"b" was not there/);
    expect([...b.dataSync()]).toEqual([1, 1, 1, 1]);
    tf.dispose([a, b]);
  });

  it.each(["shampoo", "soap", "muon", "adam"])("%s leaks no tensors", async (method) => {
    const tensors = () => tf.memory().numTensors;
    const none = tensors();
    const v = tf.tidy(() => tf.variable(tf.ones([3, 2]), true, "leak"));
    const optimizer = tensorFlowOptimizer(tf, method, { lr: 0.1 });
    for (let i = 0; i < 5; i++) {
      optimizer.minimize(() => tf.sum(tf.square(v)) as tf.Scalar, false, [v]);
      expect(tensors()).toBe(none + 1);
    }
    const saved = await optimizer.getWeights();
    await optimizer.setWeights(saved);
    expect(tensors()).toBe(none + 1 + saved.length);
    tf.dispose([v, ...saved.map(({ tensor }) => tensor)]);
    optimizer.dispose();
    expect(tensors()).toBe(none);
  });

  it("wants TensorFlow.js itself", () => {
    expect(() => tensorFlowOptimizer({} as never, "soap")).toThrow(/import \* as tf/);
  });

  it.each(["kfac", "ekfac", "foof", "newton-muon"])("refuses %s, which needs more than gradients", (method) => {
    const v = tf.variable(tf.ones([3, 2]), true);
    const optimizer = tensorFlowOptimizer(tf, method);
    expect(() => optimizer.minimize(() => tf.sum(tf.square(v)) as tf.Scalar, false, [v])).toThrow(/watchDense/);
    v.dispose();
  });
});

describe("watchDense", () => {
  /** Activations in layers of their own. */
  function plain() {
    const initializer = (seed: number) => layers.initializers.glorotNormal({ seed });
    const model = layers.sequential();
    model.add(layers.layers.dense({ inputShape: [4], units: 8, kernelInitializer: initializer(1) }));
    model.add(layers.layers.activation({ activation: "tanh" }));
    model.add(layers.layers.dense({ units: 1, kernelInitializer: initializer(2) }));
    return model;
  }

  it("gives inputs and per-example output gradients whose product is the gradient", () => {
    const model = plain();
    const statistics = watchDense(tf, model);
    const f = () => tf.mean(tf.square(tf.sub(model.apply(x, { training: true }) as tf.Tensor, y))) as tf.Scalar;
    const { grads } = tf.variableGrads(f);
    expect(statistics.size).toBe(2);
    for (const [name, { inputs: a, outputGradients: delta }] of statistics) {
      const expected = gemm(a.T, delta, { alpha: 1 / 64 }); // in×out, as TensorFlow.js has it
      const gradient = grads[name]!.dataSync();
      expected.data.forEach((value, i) => {
        expect(gradient[i]).toBeCloseTo(value, 5);
      });
    }
  });

  it.each([
    ["kfac", { lr: 0.05, damping: 1e-2 }],
    ["ekfac", { lr: 0.05, damping: 1e-2 }],
    ["foof", { lr: 0.1, damping: 1e-2 }],
    ["newton-muon", { lr: 0.05 }],
  ])("lets a model be trained by %s", async (method, options) => {
    const model = plain();
    model.compile({ optimizer: tensorFlowOptimizer(tf, method, options, watchDense(tf, model)), loss: "meanSquaredError" });
    const { history } = await model.fit(x, y, { epochs: 30, batchSize: 64, shuffle: false, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  });

  it("leaks no tensors", async () => {
    const model = plain();
    model.compile({ optimizer: tensorFlowOptimizer(tf, "kfac", { lr: 0.01 }, watchDense(tf, model)), loss: "meanSquaredError" });
    const train = () => model.fit(x, y, { epochs: 2, batchSize: 32, shuffle: false, verbose: 0 });
    await train();
    const before = tf.memory().numTensors;
    await train();
    tf.dispose(model.predict(x));
    expect(tf.memory().numTensors).toBe(before);
  });

  it("refuses an activation inside", () => {
    expect(() => watchDense(tf, network())).toThrow(/layer of its own/);
  });
});
