import { allocate, type DType, Matrix, type Real } from "../linalg/index.js";
import type { Stream } from "../random/index.js";
import { initialize } from "./initialize.js";
import { expectGradient, kept, type Layer, type Mode, type Purpose } from "./layer.js";
import { OutputGradients } from "./output-gradients.js";
import { Buffer, type Frequencies, noSamples, Parameter } from "./parameter.js";

/**
 * A table of vectors: the linear map of one-hot inputs, with weight dimension×vocabulary. A row holds `length` indices; the output
 * holds their vectors one after the other. The input side is sparse: the second moment of one-hot vectors is the diagonal of the
 * tokens' frequencies, given as `inputs.diagonal`.
 */
export class Embedding<T extends Real = Float64Array> implements Layer<T> {
  readonly weight: Parameter<T, Frequencies<T>>;
  readonly parameters: readonly Parameter<T>[];

  private readonly output: Buffer<T>;
  private readonly rowsGradient: Buffer<T>;
  private readonly noGradient: Buffer<T>;
  private readonly frequencies: T;
  private readonly outputGradients: OutputGradients<T>;
  private last?: Matrix<T>;

  constructor(
    readonly vocabulary: number,
    readonly dimension: number,
    stream: Stream,
    { dtype = "float64", name = "embedding" }: { dtype?: DType; name?: string } = {},
  ) {
    const value = new Matrix(allocate(dimension * vocabulary, dtype) as T, dimension, vocabulary);
    initialize(value, "lecun", stream);
    this.weight = new Parameter(`${name}.weight`, value);
    this.frequencies = allocate(vocabulary, dtype) as T;
    this.weight.inputs = { diagonal: this.frequencies };
    this.weight.outputGradients = noSamples(value.data, dimension);
    this.parameters = [this.weight];
    this.output = new Buffer(dtype);
    this.rowsGradient = new Buffer(dtype);
    this.noGradient = new Buffer(dtype);
    this.outputGradients = new OutputGradients(dtype);
  }

  /** @throws RangeError when an entry is no index of the table. */
  forward(x: Matrix<T>, _mode: Mode = "train"): Matrix<T> {
    const { vocabulary, dimension } = this;
    const y = this.output.get(x.rows, x.cols * dimension);
    this.frequencies.fill(0);
    for (let i = 0; i < x.rows; i++) {
      for (let j = 0; j < x.cols; j++) {
        const token = x.get(i, j);
        if (!(Number.isInteger(token) && token >= 0 && token < vocabulary)) {
          throw new RangeError(`Embedding: entry (${i}, ${j}) must be an integer in [0, ${vocabulary}), got ${token}`);
        }
        this.frequencies[token]! += 1;
        for (let k = 0; k < dimension; k++) y.set(i, j * dimension + k, this.weight.value.get(k, token));
      }
    }
    // Counts are exact in single precision, sums of 1/n are not.
    for (let token = 0; token < vocabulary; token++) this.frequencies[token]! /= x.rows * x.cols;
    this.last = x;
    return y;
  }

  /** Indices have no gradient: what is returned is zero. */
  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    const x = kept("Embedding", this.last);
    const { dimension } = this;
    expectGradient("Embedding", dy, x.rows, x.cols * dimension);
    const n = x.rows * x.cols;
    const rows = this.rowsGradient.get(n, dimension);
    for (let i = 0; i < x.rows; i++)
      for (let j = 0; j < x.cols; j++) for (let k = 0; k < dimension; k++) rows.set(i * x.cols + j, k, dy.get(i, j * dimension + k));
    if (purpose === "gradient") {
      const gradient = this.weight.gradient.fill(0);
      for (let i = 0; i < x.rows; i++) {
        for (let j = 0; j < x.cols; j++) {
          const token = x.get(i, j);
          for (let k = 0; k < dimension; k++) gradient.data[k * this.vocabulary + token]! += rows.get(i * x.cols + j, k) / x.rows;
        }
      }
    }
    this.weight.outputGradients = this.outputGradients.collect(rows, purpose, x.cols);
    return this.noGradient.get(x.rows, x.cols).fill(0);
  }
}
