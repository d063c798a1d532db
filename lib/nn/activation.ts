import { type DType, dtypeOf, type Matrix, type Real } from "../linalg/index.js";
import { erf } from "../special/erf.js";
import { hermite as polynomial } from "../special/hermite.js";
import { expectGradient, kept, type Layer, type Mode, type Purpose } from "./layer.js";
import { Buffer } from "./parameter.js";

/** A scalar function and its derivative. */
export interface ScalarFunction {
  value(u: number): number;
  derivative(u: number): number;
}

const gaussianCdf = (u: number) => 0.5 * (1 + erf(u / Math.SQRT2));
const gaussianDensity = (u: number) => Math.exp(-0.5 * u * u) / Math.sqrt(2 * Math.PI);
const sigmoid = (u: number) => (u >= 0 ? 1 / (1 + Math.exp(-u)) : Math.exp(u) / (1 + Math.exp(u)));

/** Orthonormal Hermite polynomial of degree k for N(0, 1): h₀ = 1, h₁ = u, h₂ = (u²−1)/√2, h₃ = (u³−3u)/√6, … */
export function hermite(k: number): ScalarFunction {
  if (!Number.isInteger(k) || k < 0) throw new RangeError(`hermite: the degree must be an integer ≥ 0, got ${k}`);
  return { value: (u) => polynomial(k, u), derivative: (u) => (k === 0 ? 0 : Math.sqrt(k) * polynomial(k - 1, u)) };
}

/** The activations known by name. `gelu` is the exact one, u·Φ(u). */
export const activations = {
  identity: { value: (u) => u, derivative: () => 1 },
  relu: { value: (u) => Math.max(u, 0), derivative: (u) => (u > 0 ? 1 : 0) },
  gelu: { value: (u) => u * gaussianCdf(u), derivative: (u) => gaussianCdf(u) + u * gaussianDensity(u) },
  tanh: {
    value: Math.tanh,
    derivative: (u) => {
      const t = Math.tanh(u);
      return 1 - t * t;
    },
  },
  sigmoid: {
    value: sigmoid,
    derivative: (u) => {
      const s = sigmoid(u);
      return s * (1 - s);
    },
  },
  quadratic: { value: (u) => u * u, derivative: (u) => 2 * u },
  hermite2: hermite(2),
  hermite3: hermite(3),
} satisfies Record<string, ScalarFunction>;

/** The activations there are. */
export type ActivationName = keyof typeof activations;

/** A scalar function applied to every entry. */
export class Activation<T extends Real = Float64Array> implements Layer<T> {
  readonly parameters = [];
  private readonly f: ScalarFunction;
  private output?: Buffer<T>;
  private inputGradient?: Buffer<T>;
  private x?: Matrix<T>;

  /** @param f a name of {@link activations} or a function with its derivative. */
  constructor(f: ActivationName | ScalarFunction) {
    if (typeof f === "string" && !Object.hasOwn(activations, f)) {
      throw new RangeError(`Activation: expected one of ${Object.keys(activations).join(", ")}, got "${f}"`);
    }
    this.f = typeof f === "string" ? activations[f] : f;
  }

  forward(x: Matrix<T>, _mode: Mode = "train"): Matrix<T> {
    const dtype: DType = dtypeOf(x);
    this.output ??= new Buffer(dtype);
    this.inputGradient ??= new Buffer(dtype);
    this.x = x;
    const y = this.output.get(x.rows, x.cols);
    const { value } = this.f;
    for (let i = 0; i < x.rows; i++) {
      const from = x.offset + i * x.stride;
      const to = i * x.cols;
      for (let j = 0; j < x.cols; j++) y.data[to + j] = value(x.data[from + j]!);
    }
    return y;
  }

  backward(dy: Matrix<T>, _purpose: Purpose = "gradient"): Matrix<T> {
    const x = kept("Activation", this.x);
    expectGradient("Activation", dy, x.rows, x.cols);
    const dx = kept("Activation", this.inputGradient).get(x.rows, x.cols);
    const { derivative } = this.f;
    for (let i = 0; i < x.rows; i++) {
      const at = x.offset + i * x.stride;
      const from = dy.offset + i * dy.stride;
      const to = i * x.cols;
      for (let j = 0; j < x.cols; j++) dx.data[to + j] = dy.data[from + j]! * derivative(x.data[at + j]!);
    }
    return dx;
  }
}
