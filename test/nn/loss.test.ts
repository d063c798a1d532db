import { describe, expect, it } from "vitest";
import { allocate, type DType, Matrix, type Real } from "../../lib/linalg/index.js";
import { type Loss, losses } from "../../lib/nn/index.js";
import { Stream } from "../../lib/random/index.js";

const stream = new Stream(11, "nn losses");

function outputs(rows: number, cols: number, dtype: DType): Matrix<Real> {
  const out = new Matrix<Real>(allocate(rows * cols, dtype), rows, cols);
  out.data.set(stream.child("z").normals(rows * cols));
  return out;
}

/** Targets that every loss accepts: rows are probabilities. */
function targets(rows: number, cols: number, dtype: DType): Matrix<Real> {
  const out = outputs(rows, cols, dtype);
  for (let i = 0; i < rows; i++) {
    const row = out.rowArray(i);
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += row[j] = Math.abs(row[j]!);
    for (let j = 0; j < cols; j++) row[j]! /= sum;
  }
  return out;
}

for (const [name, Kind] of Object.entries(losses)) {
  describe(name, () => {
    const make = () => new Kind() as Loss<Real>;

    it.each(["float64", "float32"] as const)("gradient by finite differences, %s", (dtype) => {
      const loss = make();
      const z = outputs(3, 4, dtype);
      const y = targets(3, 4, dtype);
      const step = dtype === "float32" ? 1e-2 : 1e-5;
      const gradient = loss.gradient(z, y).clone();
      for (let k = 0; k < 12; k++) {
        const at = z.data[k]!;
        z.data[k] = at + step;
        const above = loss.value(z, y);
        z.data[k] = at - step;
        const below = loss.value(z, y);
        z.data[k] = at;
        expect(gradient.data[k]! / 3).toBeCloseTo((above - below) / (2 * step), dtype === "float32" ? 3 : 8);
      }
    });

    it("the Gauss-Newton factor squares to the Hessian", () => {
      const loss = make();
      const z = outputs(2, 4, "float64");
      const y = targets(2, 4, "float64");
      const columns = Array.from({ length: 4 }, (_, j) => loss.factor(z, j).clone());
      const step = 1e-5;
      for (let i = 0; i < 2; i++) {
        for (let r = 0; r < 4; r++) {
          const at = z.get(i, r);
          z.set(i, r, at + step);
          const above = loss.gradient(z, y).clone();
          z.set(i, r, at - step);
          const below = loss.gradient(z, y).clone();
          z.set(i, r, at);
          for (let s = 0; s < 4; s++) {
            const hessian = (above.get(i, s) - below.get(i, s)) / (2 * step);
            const product = columns.reduce((sum, c) => sum + c.get(i, r) * c.get(i, s), 0);
            expect(product).toBeCloseTo(hessian, 8);
          }
        }
      }
    });

    it("sampled gradients have mean 0 and the Hessian as second moment", () => {
      const loss = make();
      const draws = 40_000;
      const z = new Matrix<Real>(new Float64Array(draws * 3), draws, 3);
      for (let i = 0; i < draws; i++) z.rowArray(i).set([0.3, -0.7, 1.1]);
      const columns = [0, 1, 2].map((j) => Array.from(loss.factor(z, j).rowArray(0)));
      const g = loss.sampled(z, stream.child("labels"));
      for (let r = 0; r < 3; r++) {
        let mean = 0;
        for (let i = 0; i < draws; i++) mean += g.get(i, r) / draws;
        // Five standard errors of a variable of variance at most 1; second moments have variance at most 3.
        expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(draws));
        for (let s = 0; s < 3; s++) {
          let moment = 0;
          for (let i = 0; i < draws; i++) moment += (g.get(i, r) * g.get(i, s)) / draws;
          const exact = columns.reduce((sum, c) => sum + c[r]! * c[s]!, 0);
          expect(Math.abs(moment - exact)).toBeLessThan((5 * Math.sqrt(3)) / Math.sqrt(draws));
        }
      }
    });

    it.each([1e4, -1e4, 1e308, -1e308])("has finite gradients and factors at outputs of %f", (size) => {
      const loss = make();
      const z = Matrix.from([[size, 0, -size]]);
      const y = targets(1, 3, "float64");
      const all = [loss.gradient(z, y).clone(), loss.sampled(z, stream.child("far")).clone()];
      for (let j = 0; j < 3; j++) all.push(loss.factor(z, j).clone());
      for (const matrix of all) expect(matrix.data.every(Number.isFinite)).toBe(true);
      if (name !== "squared-error" || Math.abs(size) < 1e100) expect(loss.value(z, y)).toBeGreaterThanOrEqual(0);
    });

    it("refuses an empty batch, and a column that there is not", () => {
      const empty = Matrix.zeros(0, 3);
      expect(() => make().value(empty, empty)).toThrow(/an empty batch has no mean loss/);
      for (const column of [-1, 2, 0.5]) expect(() => make().factor(Matrix.zeros(1, 2), column)).toThrow(/integer in \[0, 2\), got/);
    });

    it("refuses targets of another shape", () => {
      expect(() => make().gradient(Matrix.zeros(2, 3), Matrix.zeros(2, 2))).toThrow(/outputs are 2×3, targets 2×2/);
    });
  });
}

describe("at large outputs", () => {
  it("the logistic factor is even, also where the probability rounds to 1", () => {
    const loss = new losses.logistic();
    for (const u of [1, 30, 40, 300]) {
      const [above, below] = [u, -u].map((z) => loss.factor(Matrix.from([[z]]), 0).get(0, 0));
      expect(above! / Math.exp(-u / 2)).toBeCloseTo(1 / (1 + Math.exp(-u)), 12);
      expect(below).toBe(above);
    }
  });

  it.each(["softmax-cross-entropy", "logistic"] as const)("%s stays finite", (name) => {
    const loss = new losses[name]() as Loss;
    const z = Matrix.from([[1000, -1000]]);
    const y = Matrix.from([[0, 1]]);
    expect(loss.value(z, y)).toBe(2000);
    expect(loss.gradient(z, y).toArrays()).toEqual([[1, -1]]);
  });
});
