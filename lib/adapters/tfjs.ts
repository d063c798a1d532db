/**
 * TensorFlow.js: an optimizer for `model.compile` and `minimize` from any registered method that needs gradients only (SGD to Adam,
 * the Shampoo, SOAP and Muon families, and methods of your own). The package is not imported here: hand over your own copy.
 *
 * @packageDocumentation
 */
import type * as tfjs from "@tensorflow/tfjs-core";
import { Matrix, type Real } from "../linalg/index.js";
import { createOptimizer, loadCheckpoint, type Optimizer, type Options, type Parameter, saveCheckpoint } from "../optim/index.js";

/** What is used of TensorFlow.js: `@tensorflow/tfjs`, `tfjs-core` and `tfjs-node` all have it. */
export type TensorFlow = Pick<typeof tfjs, "Optimizer" | "engine" | "tensor" | "tensor1d" | "tidy">;

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
  ) {
    const out = shape.at(-1) ?? 1;
    const inputs = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    this.value = Matrix.zeros(out, inputs, "float32");
    this.#gradient = Matrix.zeros(out, inputs, "float32");
  }

  /** Read by methods that precondition with the layer's inputs; without them they would quietly become something else. */
  get inputs(): never {
    throw new TypeError("layerwise: this method needs layer inputs, which TensorFlow.js does not hand to an optimizer");
  }

  get outputGradients(): never {
    throw new TypeError("layerwise: this method needs output gradients, which TensorFlow.js does not hand to an optimizer");
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
 * @param method an id of `methodIds()`; those that need layer inputs (KFAC, FOOF, …) or a line search throw at the first step.
 * @param options as in {@link createOptimizer}.
 */
export function tensorFlowOptimizer(tf: TensorFlow, method: string, options: Options = {}): TensorFlowOptimizer {
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
      if (!this.inner) this.#start(given.map(([name]) => new Weight(name, variables[name]!.shape)));
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
