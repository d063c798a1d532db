import { allocate, type DType, Matrix, type Real } from "../linalg/index.js";
import type { Purpose } from "./layer.js";
import type { Samples } from "./parameter.js";

/**
 * Keeps the output gradients of a layer's backward passes. After a `gradient` pass they are that pass's own; the `fisher` passes
 * that follow replace them and accumulate: with c passes over n rows the moment is Σ over the passes of the mean over the rows.
 */
export class OutputGradients<T extends Real = Float64Array> {
  private memory: T;
  private filled = 0;
  private collecting = false;

  constructor(dtype: DType) {
    this.memory = allocate(0, dtype) as T;
  }

  /** @param scale the rows' weight relative to examples: T when every example has T rows whose moments are to be summed. */
  collect(dy: Matrix<T>, purpose: Purpose, scale = 1): Samples<T> {
    if (purpose === "gradient") {
      this.collecting = false;
      return { samples: dy, scale };
    }
    if (purpose !== "fisher") throw new RangeError(`backward: purpose must be "gradient" or "fisher", got ${JSON.stringify(purpose)}`);
    if (!this.collecting) this.filled = 0;
    this.collecting = true;
    const { rows, cols } = dy;
    const needed = (this.filled + rows) * cols;
    if (this.memory.length < needed) {
      const grown = allocate(Math.max(needed, 2 * this.memory.length), this.memory) as T;
      grown.set(this.memory.subarray(0, this.filled * cols));
      this.memory = grown;
    }
    new Matrix(this.memory, rows, cols, cols, this.filled * cols).copy(dy);
    this.filled += rows;
    return { samples: new Matrix(this.memory, this.filled, cols), scale: (scale * this.filled) / rows };
  }
}
