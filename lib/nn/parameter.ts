import { allocate, type DType, Matrix, type Real } from "../linalg/matrix.js";

/**
 * Second-moment information about one side of a weight: rows of `samples` are examples (or examples × positions), and the moment
 * meant is `scale`·samplesᵀ·samples/rows (`scale` defaults to 1).
 */
export interface Samples<T extends Real = Float64Array> {
  samples: Matrix<T>;
  scale?: number;
}

/** The second moment of one-hot inputs: diagonal, the tokens' frequencies. */
export interface Frequencies<T extends Real = Float64Array> {
  diagonal: T;
}

/**
 * A weight (out×in) or a vector (1×n) with the gradient of the mean loss, and, for weights of linear maps, what Kronecker-factored
 * methods need: the layer's inputs and the per-example gradients of the loss at its output. Layers overwrite all three.
 */
export class Parameter<T extends Real = Float64Array, I = Samples<T> | Frequencies<T>> {
  readonly gradient: Matrix<T>;
  /** Inputs a of the linear map, one row each, or the diagonal moment of one-hot inputs. */
  inputs?: I;
  /** Gradients δ = dLᵢ/d(Wa) of single examples' losses: never divided by the number of examples. */
  outputGradients?: Samples<T>;

  constructor(
    readonly name: string,
    readonly value: Matrix<T>,
  ) {
    this.gradient = new Matrix(allocate(value.rows * value.cols, value.data), value.rows, value.cols);
  }
}

/** No rows yet. Optimizers decide when they are made which statistics a parameter has, so a layer shows them before its first pass. */
export function noSamples<T extends Real>(like: T, cols: number): Samples<T> {
  return { samples: new Matrix(allocate(0, like), 0, cols) };
}

/** A linear map's weight with both of its statistics, empty. */
export function withStatistics<T extends Real>(weight: Parameter<T, Samples<T>>): Parameter<T, Samples<T>> {
  const { data, rows, cols } = weight.value;
  weight.inputs = noSamples(data, cols);
  weight.outputGradients = noSamples(data, rows);
  return weight;
}

/** A rows×cols buffer that is kept while its shape stays the same and replaced when it does not. */
export class Buffer<T extends Real = Float64Array> {
  private matrix?: Matrix<T>;

  constructor(private readonly dtype: DType) {}

  get(rows: number, cols: number): Matrix<T> {
    if (!this.matrix || this.matrix.rows !== rows || this.matrix.cols !== cols) {
      const size = rows * cols;
      // A smaller batch (the last of an epoch) reuses the memory of a larger one.
      const data = this.matrix && this.matrix.data.length >= size ? this.matrix.data : (allocate(size, this.dtype) as T);
      this.matrix = new Matrix(data, rows, cols);
    }
    return this.matrix;
  }
}
