import { gemm, Matrix, syrk } from "../../linalg/index.js";
import type { CurvatureProvider } from "../../optim/index.js";
import type { Stream } from "../../random/index.js";
import type { Batches } from "./batches.js";
import type { Student } from "./student.js";

/**
 * What joint second-order methods ask of f(x) = F G x under ½|y − f(x)|², on the last batch; parameters are G, then F, row by row.
 *
 * The Gauss-Newton matrix E[JᵀJ] needs second moments only: with Sxx, Szz = G Sxx Gᵀ and Sxz = Sxx Gᵀ its blocks are
 * `FᵀF ⊗ Sxx` (G, G), `I ⊗ Szz` (F, F) and `F_ia (Sxz)_jb` at (G_aj, F_ib). Gradients of single examples have fourth moments, so they
 * need a batch of explicit examples (`sampling: "batch"`): row i is (Fᵀrᵢ xᵢᵀ, rᵢ zᵢᵀ) with rᵢ the residual f(xᵢ) − yᵢ (`empirical`) or
 * standard normal, the residual of a label sampled from the model (`sampled`).
 */
export function jointCurvature(student: Student, batches: Batches, stream?: Stream): CurvatureProvider {
  const { head, trunk } = student;
  const [dy, k, d] = [head.rows, head.cols, trunk.cols];
  const { batch } = batches;
  const size = k * d + dy * k;
  const matrix = Matrix.zeros(size, size);
  const outputs = Matrix.zeros(k, k);
  const cross = Matrix.zeros(d, k);
  const features = Matrix.zeros(k, k);
  let gradients: Matrix | null = null;

  /** x, z = Gx and r of the batch, as columns. */
  const examples = () => {
    const x = batch.color ? gemm(batch.color, batch.u) : batch.u;
    const z = gemm(trunk, x);
    const residual = gemm(head, z);
    for (let i = 0; i < dy; i++) for (let c = 0; c < residual.cols; c++) residual.set(i, c, residual.get(i, c) - batch.y.get(i, c));
    return { x, z, residual };
  };

  return {
    outputs: dy,
    curvature() {
      const moment = batch.inputMoment;
      syrk(head.T, { out: outputs });
      gemm(moment, trunk.T, { out: cross });
      gemm(trunk, cross, { out: features });
      matrix.fill(0);
      for (let a = 0; a < k; a++) {
        for (let b = 0; b < k; b++) {
          const scale = outputs.get(a, b);
          for (let j = 0; j < d; j++) for (let l = 0; l < d; l++) matrix.set(a * d + j, b * d + l, scale * moment.get(j, l));
        }
      }
      for (let i = 0; i < dy; i++) {
        const start = k * d + i * k;
        for (let b = 0; b < k; b++) {
          for (let c = 0; c < k; c++) matrix.set(start + b, start + c, features.get(b, c));
          for (let a = 0; a < k; a++) {
            for (let j = 0; j < d; j++) {
              const value = head.get(i, a) * cross.get(j, b);
              matrix.set(a * d + j, start + b, value);
              matrix.set(start + b, a * d + j, value);
            }
          }
        }
      }
      return matrix;
    },
    exampleGradients(labels) {
      const { x, z, residual } = examples();
      if (labels === "sampled") {
        if (!stream) throw new TypeError("jointCurvature: sampled labels need a stream");
        stream.normal(residual);
      }
      const backward = gemm(head.T, residual);
      const n = x.cols;
      gradients ??= Matrix.zeros(n, size);
      for (let e = 0; e < n; e++) {
        const row = gradients.rowArray(e);
        let at = 0;
        for (let a = 0; a < k; a++) for (let j = 0; j < d; j++, at++) row[at] = backward.get(a, e) * x.get(j, e);
        for (let i = 0; i < dy; i++) for (let b = 0; b < k; b++, at++) row[at] = residual.get(i, e) * z.get(b, e);
      }
      return gradients;
    },
    jacobian() {
      const { x, z } = examples();
      const n = x.cols;
      // Fewer columns than examples have the examples' moments when divided by n: √(c/n) makes up for it.
      const scale = Math.sqrt(n / batch.n);
      const out = Matrix.zeros(n * dy, size);
      for (let e = 0; e < n; e++) {
        for (let i = 0; i < dy; i++) {
          const row = out.rowArray(e * dy + i);
          for (let a = 0; a < k; a++) for (let j = 0; j < d; j++) row[a * d + j] = scale * head.get(i, a) * x.get(j, e);
          for (let b = 0; b < k; b++) row[k * d + i * k + b] = scale * z.get(b, e);
        }
      }
      return out;
    },
  };
}
