import type { Matrix, Real } from "../linalg/matrix.js";
import type { Parameter } from "./parameter.js";

/** `train` uses and updates batch statistics where a layer has them, `eval` uses the running ones and changes nothing. */
export type Mode = "train" | "eval";

/**
 * What a backward pass is for. `gradient` fills the parameters' gradients and output gradients. `fisher` (several may follow one
 * forward pass) leaves the gradients alone and appends to the parameters' output gradients: the columns of the exact
 * Gauss-Newton factor, or gradients at sampled labels.
 */
export type Purpose = "gradient" | "fisher";

/**
 * A map of a batch, rows being examples, with an explicit backward pass. Returned matrices belong to the layer and are overwritten by
 * its next pass.
 */
export interface Layer<T extends Real = Float64Array> {
  /** In a fixed order; the names are unique within the layer. */
  readonly parameters: readonly Parameter<T>[];
  /** n×in → n×out. @throws RangeError when x has another number of columns than the layer takes. */
  forward(x: Matrix<T>, mode?: Mode): Matrix<T>;
  /**
   * dLᵢ/dy (n×out, one example's own loss in each row, not divided by n) → dLᵢ/dx (n×in), for the batch of the last forward pass.
   * Gradients of parameters are those of the mean loss.
   * @throws RangeError when dy has another shape than those outputs, or no rows.
   */
  backward(dy: Matrix<T>, purpose?: Purpose): Matrix<T>;
}

/** Throws unless x has the number of columns a layer takes. */
export function expectColumns(layer: string, x: Matrix<Real>, cols: number): void {
  if (x.cols !== cols) throw new RangeError(`${layer}: expected ${cols} columns, got ${x.rows}×${x.cols}`);
}

/** Throws unless dy is a gradient of the outputs that the last forward pass gave, of at least one example. */
export function expectGradient(layer: string, dy: Matrix<Real>, rows: number, cols: number): void {
  if (dy.rows !== rows || dy.cols !== cols)
    throw new RangeError(`${layer}: the last outputs were ${rows}×${cols}, their gradient is ${dy.rows}×${dy.cols}`);
  if (rows === 0) throw new RangeError(`${layer}: an empty batch has no mean loss to take the gradient of`);
}

/** One of the choices, or an error that names them. */
export function expectChoice(what: string, choice: string, choices: readonly string[]): void {
  if (!choices.includes(choice)) throw new RangeError(`${what} must be one of ${choices.join(", ")}, got ${JSON.stringify(choice)}`);
}

/** The batch kept by the last forward pass, or a helpful error. */
export function kept<M>(layer: string, value: M | undefined): M {
  if (value === undefined) throw new Error(`${layer}: backward before any forward`);
  return value;
}
