import type { Matrix, Real } from "../linalg/index.js";
import type { Stream } from "../random/index.js";
import { expectChoice } from "./layer.js";

/**
 * Distribution of a weight's start, in terms of its fan-in: `lecun` N(0, 1/in), `he` N(0, 2/in), `glorot` N(0, 2/(in+out)),
 * `sphere` rows uniform on the unit sphere, `sparse` 15 entries N(0, 1) in each row, the rest zero (Martens 2010, used by the
 * deep-autoencoder benchmark), `zeros`.
 */
export type Initializer = "lecun" | "he" | "glorot" | "sphere" | "sparse" | "zeros";

const initializers: readonly Initializer[] = ["lecun", "he", "glorot", "sphere", "sparse", "zeros"];

/** Fills w (out×in). @throws RangeError for a distribution that there is not. */
export function initialize<T extends Real>(w: Matrix<T>, initializer: Initializer, stream: Stream): void {
  expectChoice("initializer", initializer, initializers);
  const { rows, cols } = w;
  if (initializer === "zeros") {
    w.fill(0);
    return;
  }
  if (!stream) throw new TypeError("initial weights are random: a Stream is needed, such as new Stream(1)");
  if (initializer === "sparse") {
    w.fill(0);
    const count = Math.min(15, cols);
    for (let i = 0; i < rows; i++) {
      const row = stream.child("sparse", i);
      const where = row.permutation(cols);
      const values = row.normals(count);
      for (let k = 0; k < count; k++) w.set(i, where[k]!, values[k]!);
    }
    return;
  }
  const std = initializer === "he" ? Math.sqrt(2 / cols) : initializer === "glorot" ? Math.sqrt(2 / (rows + cols)) : 1 / Math.sqrt(cols);
  const values = stream.normals(rows * cols);
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * cols, (i + 1) * cols);
    const scale = initializer === "sphere" ? 1 / Math.hypot(...row) : std;
    for (let j = 0; j < cols; j++) w.set(i, j, row[j]! * scale);
  }
}
