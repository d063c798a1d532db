import { allocate, Matrix, type Real } from "../linalg/matrix.js";
import type { ChainOptimizer } from "./optimizer.js";
import type { Optimizer, OptimizerState, Parameter } from "./types.js";

/** All parameters as one vector: row-major weights one after the other, in the order given. */
export class Flat {
  readonly size: number;
  readonly value: Matrix<Real>;
  readonly gradient: Matrix<Real>;

  constructor(readonly parameters: readonly Parameter<Real>[]) {
    this.size = parameters.reduce((sum, { value }) => sum + value.rows * value.cols, 0);
    const like = parameters[0]?.value.data ?? new Float64Array(0);
    for (const { name, value } of parameters) {
      if (value.data.constructor !== like.constructor)
        throw new TypeError(`parameter "${name}" has another precision than "${parameters[0]!.name}"`);
    }
    this.value = new Matrix(allocate(this.size, like), this.size, 1);
    this.gradient = new Matrix(allocate(this.size, like), this.size, 1);
  }

  /** Reads the weights into `value`. */
  gatherValue(): void {
    this.#each((part, { value }) => part.copy(value), this.value);
  }

  /** Reads the gradients into `gradient`; a missing one counts as zero. */
  gatherGradient(): void {
    this.#each((part, { gradient }) => (gradient ? part.copy(gradient) : part.fill(0)), this.gradient);
  }

  /** Writes `value` into the weights, but for those without a gradient. */
  scatterValue(): void {
    this.#each((part, { value, gradient }) => {
      if (gradient) value.copy(part);
    }, this.value);
  }

  /** Parameters without a gradient. */
  get missing(): number {
    return this.parameters.filter(({ gradient }) => !gradient).length;
  }

  #each(visit: (part: Matrix<Real>, parameter: Parameter<Real>) => void, vector: Matrix<Real>): void {
    let offset = 0;
    for (const parameter of this.parameters) {
      const { rows, cols } = parameter.value;
      visit(new Matrix(vector.data, rows, cols, cols, offset), parameter);
      offset += rows * cols;
    }
  }
}

/** An optimizer of the flattened weights, as an optimizer of the parameters. */
export class WholeOptimizer implements Optimizer {
  constructor(
    private readonly inner: ChainOptimizer,
    private readonly flat: Flat,
  ) {}

  get method() {
    return this.inner.method;
  }
  get parameters() {
    return this.flat.parameters;
  }
  get lr() {
    return this.inner.lr;
  }
  set lr(lr: number) {
    this.inner.lr = lr;
  }
  get diagnostics() {
    return this.inner.diagnostics;
  }

  step(closure?: () => number): void {
    const { flat } = this;
    flat.gatherValue();
    if (closure) {
      this.inner.step(() => {
        flat.scatterValue();
        const loss = closure();
        flat.gatherGradient();
        return loss;
      });
    } else {
      flat.gatherGradient();
      this.inner.step();
    }
    flat.scatterValue();
    this.diagnostics.missingGradients += flat.missing;
  }

  ready(): Promise<void> {
    return this.inner.ready();
  }

  state(): OptimizerState {
    return this.inner.state();
  }
  load(state: OptimizerState): void {
    this.inner.load(state);
  }

  averaged(name: string): Matrix<Real> | null {
    const all = this.inner.averaged("all");
    let offset = 0;
    for (const { name: here, value } of this.flat.parameters) {
      const { rows, cols } = value;
      if (here === name) return all && new Matrix(all.data, rows, cols, cols, offset).clone();
      offset += rows * cols;
    }
    return null;
  }

  memory(): Record<string, number> {
    return this.inner.memory();
  }
}
