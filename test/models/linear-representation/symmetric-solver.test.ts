import { describe, expect, it } from "vitest";
import { axpy, gemm, Matrix, norm, syrk } from "../../../lib/linalg/index.js";
import { SymmetricSolver, solveRight } from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const stream = new Stream(11, "symmetric solver test");
const gaussian = (purpose: string, rows: number, cols: number) => stream.child(purpose).normal(Matrix.zeros(rows, cols));

function close(got: Matrix, expected: Matrix): void {
  for (let i = 0; i < got.data.length; i++) expect(got.data[i]).toBeCloseTo(expected.data[i]!, 9);
}

describe("SymmetricSolver", () => {
  const a = syrk(gaussian("a", 5, 9));

  it.each([0, 0.7])("solves from both sides (damping %d)", (damping) => {
    const solver = new SymmetricSolver(5);
    expect(solver.set(a, damping)).toBe(true);
    const damped = a.clone();
    for (let i = 0; i < 5; i++) damped.set(i, i, damped.get(i, i) + damping);
    const b = gaussian("b", 5, 2);
    close(gemm(damped, solver.left(b.clone())), b);
    const c = gaussian("c", 2, 5);
    close(gemm(solver.right(c.clone()), damped), c);
  });

  it("inverts a singular matrix on its range, and forgets it with the next", () => {
    const half = gaussian("half", 5, 2);
    const singular = syrk(half);
    const solver = new SymmetricSolver(5);
    expect(solver.set(singular)).toBe(true);
    const inRange = gemm(half, gaussian("inside", 2, 3));
    close(gemm(singular, solver.left(inRange.clone())), inRange);
    // What leaves the solver lies in the range: A A⁺ x = x.
    const solution = solver.left(gaussian("column", 5, 1));
    close(gemm(singular, solver.left(solution.clone())), solution);
    solver.set(a);
    const b = gaussian("b", 5, 2);
    close(gemm(a, solver.left(b.clone())), b);
  });

  it("notices that a matrix is singular also where Cholesky goes through by rounding", () => {
    for (let draw = 0; draw < 40; draw++) {
      const head = gaussian(`head ${draw}`, 7, 8); // FᵀF of fewer outputs than features
      const singular = syrk(head.T);
      const solver = new SymmetricSolver(8);
      solver.set(singular);
      const solution = solver.left(gemm(head.T, gaussian(`residual ${draw}`, 7, 1)));
      // A⁺ A x = x: nothing outside the range, up to rounding times the condition of A on it
      const outside = axpy(-1, solver.left(gemm(singular, solution)), solution.clone());
      expect(norm(outside)).toBeLessThan(1e-6 * norm(solution));
    }
  });

  it("refuses what is not finite", () => {
    const solver = new SymmetricSolver(5);
    for (const [i, j] of [
      [2, 2],
      [3, 1],
    ] as const) {
      const broken = a.clone();
      broken.set(i, j, Number.NaN);
      expect(solver.set(broken)).toBe(false);
    }
  });
});

describe("solveRight", () => {
  it("divides by L Lᵀ", () => {
    const lower = gaussian("lower", 4, 4);
    for (let i = 0; i < 4; i++) for (let j = i + 1; j < 4; j++) lower.set(i, j, 0);
    const b = gaussian("d", 3, 4);
    close(gemm(solveRight(lower, b.clone()), syrk(lower)), b);
  });
});
