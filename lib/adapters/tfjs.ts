/**
 * TensorFlow.js: an optimizer for `model.compile` and `minimize` from any registered method that needs gradients only (SGD to Adam,
 * the Shampoo, SOAP and Muon families, and methods of your own), and for dense layers from those that need their inputs and output
 * gradients too (KFAC, …). The package is not imported here: hand over your own copy.
 *
 * @packageDocumentation
 */
import type * as tfjs from "@tensorflow/tfjs-core";
import { Matrix, type Real } from "../linalg/index.js";
import {
  createOptimizer,
  loadCheckpoint,
  type Optimizer,
  type Options,
  type Parameter,
  type Statistic,
  saveCheckpoint,
} from "../optim/index.js";

/** What is used of TensorFlow.js: `@tensorflow/tfjs`, `tfjs-core` and `tfjs-node` all have it. */
export type TensorFlow = Pick<typeof tfjs, "Optimizer" | "customGrad" | "engine" | "tensor" | "tensor1d" | "tidy">;

/** Layer inputs and output gradients of the last step, by the name of the kernel's variable. */
export type LayerStatistics = ReadonlyMap<
  string,
  { readonly inputs: Matrix<Float32Array>; readonly outputGradients: Matrix<Float32Array> }
>;

/** What is used of a layer of `@tensorflow/tfjs-layers`. */
export interface TensorFlowLayer {
  readonly name: string;
  getClassName(): string;
  getConfig(): { readonly [key: string]: unknown };
  readonly trainableWeights: readonly { readonly name: string }[];
  call(inputs: tfjs.Tensor | tfjs.Tensor[], kwargs: object): tfjs.Tensor | tfjs.Tensor[];
}

/**
 * Has the dense layers of a model keep what KFAC, EKFAC, FOOF and Newton-Muon need; give the result to {@link tensorFlowOptimizer}. The
 * output gradients are those of the data's labels: the empirical Fisher matrix.
 * @throws TypeError when a dense layer is not built yet, or has an activation inside: give that a layer of its own.
 */
export function watchDense(tf: TensorFlow, model: { readonly layers: readonly TensorFlowLayer[] }): LayerStatistics {
  const statistics = new Map<string, { inputs: Matrix<Float32Array>; outputGradients: Matrix<Float32Array> }>();
  for (const layer of model.layers.filter((layer) => layer.getClassName() === "Dense")) {
    const kernel = layer.trainableWeights[0]?.name;
    if (!kernel) throw new TypeError(`layerwise: layer "${layer.name}" has no weights yet; give the model an inputShape`);
    if (layer.getConfig().activation !== "linear") {
      throw new TypeError(`layerwise: layer "${layer.name}" has an activation inside; put it in a layer of its own`);
    }
    const call = layer.call.bind(layer);
    layer.call = (given, kwargs) => {
      // Copied now: it may be gone when gradients come back.
      const inputs = rowsOf(Array.isArray(given) ? given[0]! : given);
      const output = call(given, kwargs) as tfjs.Tensor;
      const tap = tf.customGrad((z) => ({
        value: (z as tfjs.Tensor).clone(),
        gradFunc: (dy: tfjs.Tensor) => {
          // The loss is a mean over the rows; the statistic is per example.
          const outputGradients = rowsOf(dy);
          const { data, rows } = outputGradients;
          for (let i = 0; i < data.length; i++) data[i]! *= rows;
          statistics.set(kernel, { inputs, outputGradients });
          return dy;
        },
      }));
      return tap(output);
    };
  }
  return statistics;
}

/** A copy; all axes but the last are examples. */
function rowsOf(tensor: tfjs.Tensor): Matrix<Float32Array> {
  const data = Float32Array.from(tensor.dataSync());
  const cols = tensor.shape.at(-1)!;
  return new Matrix(data, data.length / cols, cols);
}

/** A `tf.train` optimizer that computes its steps with layerwise. */
export interface TensorFlowOptimizer extends tfjs.Optimizer {
  /** The optimizer behind it, with its diagnostics and state; null before the first step, when the variables are not known yet. */
  readonly inner: Optimizer | null;
  setLearningRate(lr: number): void;
}

interface NamedTensor {
  name: string;
  tensor: tfjs.Tensor;
}

/** A variable as a weight out×in: the last axis is the output (dense and convolution kernels, biases), all others are the input. */
class Weight implements Parameter<Float32Array> {
  readonly value: Matrix<Float32Array>;
  gradient: Matrix<Float32Array> | null = null;
  readonly #gradient: Matrix<Float32Array>;

  constructor(
    readonly name: string,
    readonly shape: readonly number[],
    private readonly statistics?: LayerStatistics,
  ) {
    const out = shape.at(-1) ?? 1;
    const inputs = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    this.value = Matrix.zeros(out, inputs, "float32");
    this.#gradient = Matrix.zeros(out, inputs, "float32");
  }

  /** Read by methods that precondition with the layer's inputs; without them they would quietly become something else. */
  get inputs(): Statistic<Float32Array> | undefined {
    return this.#statistic("inputs");
  }

  get outputGradients(): Statistic<Float32Array> | undefined {
    return this.#statistic("outputGradients");
  }

  #statistic(which: "inputs" | "outputGradients"): Statistic<Float32Array> | undefined {
    if (!this.statistics) {
      throw new TypeError("layerwise: this method needs layer inputs and output gradients: see watchDense");
    }
    const found = this.statistics.get(this.name);
    return found && { samples: found[which] };
  }

  read(value: ArrayLike<number>, gradient: ArrayLike<number>): void {
    transpose(value, this.value);
    transpose(gradient, this.#gradient);
    this.gradient = this.#gradient;
  }

  write(): Float32Array {
    const { rows, cols, data } = this.value;
    const out = new Float32Array(rows * cols);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = data[i * cols + j]!;
    return out;
  }
}

/** Column-major values into a row-major matrix. */
function transpose(from: ArrayLike<number>, to: Matrix<Float32Array>): void {
  const { rows, cols, data } = to;
  for (let j = 0; j < cols; j++) for (let i = 0; i < rows; i++) data[i * cols + j] = from[j * rows + i]!;
}

/**
 * `model.compile({ optimizer: tensorFlowOptimizer(tf, "soap", { lr: 0.01 }), … })`.
 *
 * The variables are those of the first step, later steps may leave some out. Weights and gradients are read and written at each step
 * through `dataSync`, in single precision: quick on the CPU and Node backends, a wait on WebGL. `getWeights` and `setWeights` carry
 * the whole state.
 * @param method an id of `methodIds()`; those that need layer inputs (KFAC, FOOF, …) throw at the first step unless there are
 * `statistics`, those with a line search always.
 * @param options as in {@link createOptimizer}.
 * @param statistics of {@link watchDense}; variables that it does not know (biases, other layers) are left to Adam.
 */
export function tensorFlowOptimizer(
  tf: TensorFlow,
  method: string,
  options: Options = {},
  statistics?: LayerStatistics,
): TensorFlowOptimizer {
  if (typeof tf?.Optimizer !== "function") {
    throw new TypeError('layerwise: the first argument must be TensorFlow.js itself: import * as tf from "@tensorflow/tfjs-core"');
  }
  // The base class belongs to the caller's copy of TensorFlow.js, so that its instanceof checks hold.
  class LayerwiseOptimizer extends tf.Optimizer {
    /** Name in TensorFlow.js's serialization. */
    static get className() {
      return "Layerwise";
    }
    inner: Optimizer | null = null;
    #weights = new Map<string, Weight>();
    #lr: number | null = null;
    #pending: Uint8Array | null = null;

    applyGradients(gradients: tfjs.NamedTensorMap | NamedTensor[]): void {
      const entries: [string, tfjs.Tensor | null][] = Array.isArray(gradients)
        ? gradients.map(({ name, tensor }) => [name, tensor])
        : Object.entries(gradients);
      const given = entries.filter((entry): entry is [string, tfjs.Tensor] => entry[1] != null);
      const variables = tf.engine().registeredVariables;
      if (!this.inner) this.#start(given.map(([name]) => new Weight(name, variables[name]!.shape, statistics)));
      for (const weight of this.#weights.values()) weight.gradient = null;
      for (const [name, gradient] of given) {
        const weight = this.#weights.get(name);
        if (!weight) throw new Error(`layerwise: variable "${name}" was not there at the first step`);
        weight.read(variables[name]!.dataSync(), gradient.dataSync());
      }
      this.inner!.step();
      for (const [name] of given) {
        const weight = this.#weights.get(name)!;
        tf.tidy(() => variables[name]!.assign(tf.tensor(weight.write(), [...weight.shape])));
      }
      this.incrementIterations();
    }

    #start(weights: Weight[]): void {
      this.#weights = new Map(weights.map((weight) => [weight.name, weight]));
      this.inner = createOptimizer(method, weights as unknown as Parameter<Real>[], options);
      if (this.#pending) loadCheckpoint(this.inner, this.#pending);
      if (this.#lr !== null) this.inner.lr = this.#lr;
    }

    setLearningRate(lr: number): void {
      this.#lr = lr;
      if (this.inner) this.inner.lr = lr;
    }

    override async getWeights(): Promise<NamedTensor[]> {
      const bytes = this.inner ? saveCheckpoint(this.inner) : new Uint8Array();
      return [await this.saveIterations(), { name: "layerwise", tensor: tf.tensor1d(Int32Array.from(bytes), "int32") }];
    }

    override async setWeights(weights: NamedTensor[]): Promise<void> {
      const [state] = await this.extractIterations(weights);
      const bytes = Uint8Array.from(state!.tensor.dataSync());
      if (bytes.length === 0) return;
      if (this.inner) loadCheckpoint(this.inner, bytes);
      else this.#pending = bytes;
    }

    override getConfig() {
      return { method, options: options as never };
    }
  }
  return new LayerwiseOptimizer() as unknown as TensorFlowOptimizer;
}
