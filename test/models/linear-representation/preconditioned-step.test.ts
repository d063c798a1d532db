import { describe, expect, it } from "vitest";
import { gemm, Matrix } from "../../../lib/linalg/index.js";
import { momentsOf, PreconditionedStep } from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const n = 23;
const dy = 4;
const stream = new Stream(11, "preconditioned step test");
const gaussian = (purpose: string, rows: number, cols: number) => stream.child(purpose).normal(Matrix.zeros(rows, cols));

/** The least-squares step from `head`: gradient F Szz − Syz, Q = Szz. */
function leastSquares(z: Matrix, y: Matrix, head: Matrix): boolean {
  const { xx, yx } = momentsOf(z, y);
  const gradient = yx.clone();
  gemm(head, xx, { out: gradient, beta: -1 });
  return new PreconditionedStep(head.rows, head.cols).apply(head, gradient, { lr: 1, q: xx });
}

describe("PreconditionedStep", () => {
  const z = gaussian("z", n, 2);
  const y = gaussian("y", n, dy);
  /** The columns z₀, z₁, z₁. */
  const doubled = Matrix.zeros(n, 3);
  for (let i = 0; i < n; i++) for (let j = 0; j < 3; j++) doubled.set(i, j, z.get(i, Math.min(j, 1)));

  it("lands on least squares from anywhere, where the residual is orthogonal to the inputs", () => {
    const head = gaussian("start", dy, 2);
    expect(leastSquares(z, y, head)).toBe(true);
    const residual = y.clone();
    gemm(z, head.T, { out: residual, alpha: -1, beta: 1 });
    for (const value of gemm(residual.T, z).data) expect(Math.abs(value)).toBeLessThan(1e-12);
  });

  it("inverts a singular Q on its range", () => {
    const regular = Matrix.zeros(dy, 2);
    const singular = Matrix.zeros(dy, 3);
    leastSquares(z, y, regular);
    expect(leastSquares(doubled, y, singular)).toBe(true);
    for (let i = 0; i < dy; i++) {
      expect(singular.get(i, 0)).toBeCloseTo(regular.get(i, 0), 9);
      expect(singular.get(i, 1) + singular.get(i, 2)).toBeCloseTo(regular.get(i, 1), 9);
    }
  });

  it.each(["q", "p", "gradient"] as const)("leaves the weight alone when %s is not finite", (which) => {
    const parts = { q: Matrix.identity(3), p: Matrix.identity(2), gradient: gaussian("gradient", 2, 3) };
    parts[which].set(1, 1, Number.NaN);
    const weight = gaussian("weight", 2, 3);
    const before = weight.clone();
    const { gradient, ...rest } = parts;
    expect(new PreconditionedStep(2, 3).apply(weight, gradient, { lr: 1, ...rest })).toBe(false);
    expect(weight.data).toEqual(before.data);
  });
});
