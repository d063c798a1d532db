import type { Matrix, Real } from "../linalg/index.js";
import { dtypeOf } from "../linalg/index.js";
import type { Layer, Mode, Purpose } from "./layer.js";
import { Buffer, type Parameter } from "./parameter.js";

/** Layers one after the other. */
export class Sequential<T extends Real = Float64Array> implements Layer<T> {
  readonly parameters: readonly Parameter<T>[];

  /** @throws RangeError when two parameters have the same name. */
  constructor(readonly layers: readonly Layer<T>[]) {
    this.parameters = layers.flatMap((layer) => layer.parameters);
    const names = new Set<string>();
    for (const { name } of this.parameters) {
      if (names.has(name)) throw new RangeError(`Sequential: two parameters are named "${name}"; give the layers names of their own`);
      names.add(name);
    }
  }

  forward(x: Matrix<T>, mode: Mode = "train"): Matrix<T> {
    return this.layers.reduce((y, layer) => layer.forward(y, mode), x);
  }

  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    return this.layers.reduceRight((g, layer) => layer.backward(g, purpose), dy);
  }
}

/** y = x + f(x) (He et al. 2016, arXiv 1603.05027); f must keep the number of columns. */
export class Residual<T extends Real = Float64Array> implements Layer<T> {
  readonly parameters: readonly Parameter<T>[];
  private output?: Buffer<T>;
  private inputGradient?: Buffer<T>;

  constructor(readonly body: Layer<T>) {
    this.parameters = body.parameters;
  }

  /** @throws RangeError when the body changes the number of columns. */
  forward(x: Matrix<T>, mode: Mode = "train"): Matrix<T> {
    const y = this.body.forward(x, mode);
    if (y.cols !== x.cols) throw new RangeError(`Residual: the body maps ${x.cols} columns to ${y.cols}`);
    this.output ??= new Buffer(dtypeOf(x));
    return sum(x, y, this.output.get(x.rows, x.cols));
  }

  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    this.inputGradient ??= new Buffer(dtypeOf(dy));
    return sum(dy, this.body.backward(dy, purpose), this.inputGradient.get(dy.rows, dy.cols));
  }
}

function sum<T extends Real>(a: Matrix<T>, b: Matrix<T>, out: Matrix<T>): Matrix<T> {
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(i, j, a.get(i, j) + b.get(i, j));
  return out;
}
