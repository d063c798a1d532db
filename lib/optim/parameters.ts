import { dtypeOf, type Matrix, type Real } from "../linalg/matrix.js";
import type { OptimizerState, Parameter } from "./types.js";

/** Whether a weight is a single row or column. */
export function isVector({ value }: Parameter<Real>): boolean {
  return value.rows === 1 || value.cols === 1;
}

/** Whether something looks like a Matrix, of whatever copy of the class. */
export const isMatrix = (x: unknown): x is Matrix<Real> => typeof x === "object" && x !== null && "rows" in x && "data" in x;

/** @throws when something is no parameter, names repeat, or shapes or precisions disagree. */
export function checkParameters(method: string, parameters: readonly Parameter<Real>[]): void {
  if (!Array.isArray(parameters)) throw new TypeError(`${method}: parameters must be an array of { name, value, gradient }`);
  const names = new Set<string>();
  for (const { name, value, gradient } of parameters as readonly Parameter<Real>[]) {
    if (typeof name !== "string") throw new TypeError(`${method}: every parameter needs a name, got ${String(name)}`);
    // States are records by name.
    if (name === "__proto__") throw new TypeError(`${method}: no parameter can be named "__proto__"`);
    for (const [what, given] of Object.entries({ value, gradient: gradient ?? value })) {
      if (!isMatrix(given))
        throw new TypeError(`${method}: the ${what} of "${name}" must be a Matrix; around an array: new Matrix(array, rows, cols)`);
    }
    if (names.has(name)) throw new TypeError(`${method}: two parameters are named "${name}"`);
    names.add(name);
  }
  checkGradients(method, parameters);
}

/** @throws when a gradient has another shape or precision than its weight, or a buffer was transferred away; nothing has changed then. */
export function checkGradients(method: string, parameters: readonly Parameter<Real>[]): void {
  for (const { name, value, gradient } of parameters) {
    if (!gradient) continue;
    if (gradient.rows !== value.rows || gradient.cols !== value.cols) {
      throw new RangeError(
        `${method}: the gradient of "${name}" is ${gradient.rows}×${gradient.cols}, its weight ${value.rows}×${value.cols}`,
      );
    }
    if (dtypeOf(gradient) !== dtypeOf(value)) {
      throw new TypeError(`${method}: the gradient of "${name}" is ${dtypeOf(gradient)}, its weight ${dtypeOf(value)}`);
    }
    for (const [what, { data, rows, cols }] of Object.entries({ value, gradient })) {
      if (data.length === 0 && rows * cols > 0) throw new TypeError(`${method}: the buffer of the ${what} of "${name}" is detached`);
    }
  }
}

/** The loss that a closure returns. @throws TypeError when it returns none, as a function without `return` does. */
export function lossOf(method: string, closure: () => number): number {
  const loss = closure();
  if (typeof loss !== "number") throw new TypeError(`${method}: the closure must return the mean loss, got ${loss}`);
  return loss;
}

/** Whether a layer shows what curvature is estimated from. */
export function hasStatistics({ inputs, outputGradients }: Parameter<Real>): boolean {
  return inputs !== undefined || outputGradients !== undefined;
}

/** @throws when a checkpoint is none, or of another method, version or set of parameters. */
export function checkHeader(method: string, state: OptimizerState, parameters: readonly Parameter<Real>[]): void {
  if (typeof state?.method !== "string" || typeof state.parameters !== "object" || state.parameters === null)
    throw new TypeError("checkpoint: expected what state() returned");
  if (state.method !== method) throw new Error(`checkpoint: made by "${state.method}", cannot continue "${method}"`);
  if (state.version !== 1) throw new Error(`checkpoint: version ${state.version} is not supported (1 is)`);
  const { t, lr } = state;
  if (!(Number.isSafeInteger(t) && t >= 0)) throw new RangeError(`checkpoint: "t" must be an integer ≥ 0, got ${t}`);
  if (!(typeof lr === "number" && lr >= 0 && lr < Number.POSITIVE_INFINITY))
    throw new RangeError(`checkpoint: "lr" must be a finite number ≥ 0, got ${lr}`);
  for (const { name } of parameters) {
    if (!Object.hasOwn(state.parameters, name)) throw new Error(`checkpoint: nothing for parameter "${name}"`);
  }
  const known = new Set(parameters.map(({ name }) => name));
  for (const name of Object.keys(state.parameters)) {
    if (!known.has(name)) throw new Error(`checkpoint: entry "${name}" belongs to no parameter`);
  }
}
