import { gemm, Matrix, qr, type Real } from "../../lib/linalg/index.js";
import { createOptimizer, type Optimizer, type Parameter, type Statistic } from "../../lib/optim/index.js";

/** A parameter that tests write into. */
export interface Trainable {
  name: string;
  value: Matrix;
  gradient: Matrix;
  inputs?: Statistic<Float64Array>;
  outputGradients?: Statistic<Float64Array>;
}

export function weight(value: Matrix, name = "w"): Trainable {
  return { name, value: value.clone(), gradient: Matrix.zeros(value.rows, value.cols) };
}

/** Small deterministic generator (mulberry32) with a normal transform: tests must not depend on the library's own streams. */
export function generator(seed: number): {
  uniform(): number;
  normal(): number;
  matrix(rows: number, cols: number, std?: number): Matrix;
  orthogonal(n: number): Matrix;
} {
  let a = seed >>> 0;
  const uniform = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const matrix = (rows: number, cols: number, std = 1) => {
    const out = Matrix.zeros(rows, cols);
    for (let i = 0; i < out.data.length; i++) out.data[i] = std * normal();
    return out;
  };
  return { uniform, normal, matrix, orthogonal: (n) => qr(matrix(n, n)).q };
}

export type Step = { gradient: Matrix; inputs?: Matrix; outputGradients?: Matrix };

/** Runs an optimizer over given gradients and statistics; the weight after every step. */
export function trajectory(id: string, start: Matrix, steps: readonly Step[], options: Record<string, unknown> = {}): Matrix[] {
  const parameter = weight(start);
  if (steps[0]!.inputs) parameter.inputs = { samples: steps[0]!.inputs };
  if (steps[0]!.outputGradients) parameter.outputGradients = { samples: steps[0]!.outputGradients };
  const optimizer = createOptimizer(id, [parameter], options);
  return steps.map((step) => {
    feed(parameter, step);
    optimizer.step();
    return parameter.value.clone();
  });
}

export function feed(parameter: Trainable, step: Step): void {
  parameter.gradient.copy(step.gradient);
  if (step.inputs) parameter.inputs = { samples: step.inputs };
  if (step.outputGradients) parameter.outputGradients = { samples: step.outputGradients };
}

/** A layer's step: inputs a, per-example output gradients δ, and the mean gradient δᵀa/n. */
export function layerStep(inputs: Matrix, outputGradients: Matrix): Step {
  return { inputs, outputGradients, gradient: gemm(outputGradients.T, inputs, { alpha: 1 / inputs.rows }) };
}

/** max |a − b| / max(1, max |b|). */
export function distance(a: Matrix<Real>, b: Matrix<Real>): number {
  let worst = 0;
  let size = 1;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) {
      const d = Math.abs(a.get(i, j) - b.get(i, j));
      if (!(d <= worst)) worst = d;
      size = Math.max(size, Math.abs(b.get(i, j)));
    }
  }
  return worst / size;
}

export function matmul(...factors: Matrix[]): Matrix {
  return factors.reduce((a, b) => gemm(a, b));
}

export function transpose(a: Matrix): Matrix {
  const out = Matrix.zeros(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}

export function stageState(optimizer: Optimizer, name = "w"): Record<string, Record<string, unknown>> {
  return optimizer.state().parameters[name]!.stages as never;
}

export type { Parameter };
