import { describe, expect, it } from "vitest";
import { addDiagonal, cholesky, choleskyInverse, gemm, gemv, Matrix, norm, syrk } from "../../../lib/linalg/index.js";
import {
  initialStudent,
  kfacDirection,
  links,
  outputGradients,
  placement,
  plainStep,
  preconditionedStep,
  rankOneError,
  rankOneStep,
  SingleIndexTeacher,
  sgdDirection,
  takeStep,
} from "../../../lib/models/single-index/index.js";
import { isotropicSpectrum, Stream } from "../../../lib/random/index.js";

const stream = new Stream(4, "first-step test");
const normal = (rows: number, cols: number, name: string) => stream.child(name).normal(Matrix.zeros(rows, cols)) as Matrix;
const difference = (a: Matrix, b: Matrix) => Math.max(...a.data.map((v, i) => Math.abs(v - b.data[i])));

describe("preconditionedStep", () => {
  it.each([
    [30, 8],
    [8, 30],
  ])("is δᵀX/n (XᵀX/n + λI)⁻¹ for n = %i, d = %i", (n, d) => {
    const [x, delta] = [normal(n, d, "x"), normal(n, 5, "delta")];
    const inverse = choleskyInverse(cholesky(addDiagonal(syrk(x.T, { alpha: 1 / n }), 0.2)));
    expect(difference(preconditionedStep(x, delta, 0.2), gemm(plainStep(x, delta), inverse))).toBeLessThan(1e-12);
  });

  it("λ = 0: least squares, or the least-norm interpolant when n < d", () => {
    const y = stream.child("y").normals(30);
    const tall = normal(30, 8, "x");
    const fit = kfacDirection(tall, y, 0);
    const residual = gemv(tall, fit).map((v, i) => v - y[i]);
    expect(norm(gemv(tall.T, residual))).toBeLessThan(1e-11);
    const wide = normal(30, 45, "wide");
    const interpolant = kfacDirection(wide, y, 0);
    expect(norm(gemv(wide, interpolant).map((v, i) => v - y[i]))).toBeLessThan(1e-11);
    // least norm: the limit of ridge regression
    const nearly = kfacDirection(wide, y, 1e-9);
    expect(norm(nearly.map((v, i) => v - interpolant[i])) / norm(interpolant)).toBeLessThan(1e-6);
  });

  it("heavy damping gives the SGD direction", () => {
    const [x, y] = [normal(20, 6, "x"), stream.child("y").normals(20)];
    const [sgd, kfac] = [sgdDirection(x, y), kfacDirection(x, y, 1e9)];
    expect(norm(kfac.map((v, i) => 1e9 * v - sgd[i])) / norm(sgd)).toBeLessThan(1e-7);
  });

  it("says so when undamped statistics are singular", () => {
    const x = Matrix.zeros(4, 2);
    for (let i = 0; i < 4; i++) x.set(i, 0, i + 1);
    expect(() => kfacDirection(x, Float64Array.of(1, 2, 3, 4), 0)).toThrow(expect.objectContaining({ code: "ERR_NOT_POSITIVE_DEFINITE" }));
  });
});

describe("outputGradients", () => {
  it("give the gradient of ½ mean (y − fᵀσ(Gx))² in G, by finite differences", () => {
    const [n, d, h] = [7, 4, 6];
    const x = normal(n, d, "x");
    const y = stream.child("y").normals(n);
    const { g, f } = initialStudent(stream.child("student"), h, d);
    const loss = (weights: Matrix) => {
      const z = gemm(x, weights.T);
      let total = 0;
      for (let i = 0; i < n; i++) {
        let output = 0;
        for (let j = 0; j < h; j++) output += f[j] * Math.max(z.get(i, j), 0);
        total += (y[i] - output) ** 2 / 2 / n;
      }
      return total;
    };
    const gradient = plainStep(x, outputGradients(g, f, x, y));
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < d; j++) {
        const [up, down] = [g.clone(), g.clone()];
        up.set(i, j, g.get(i, j) + 1e-6);
        down.set(i, j, g.get(i, j) - 1e-6);
        expect((loss(up) - loss(down)) / 2e-6).toBeCloseTo(gradient.get(i, j), 7);
      }
    }
  });
});

describe("rankOneError", () => {
  it("vanishes on the form itself, in both norms", () => {
    const [f, beta] = [stream.child("f").normals(5), stream.child("beta").normals(9)];
    const { operator, frobenius } = rankOneError(rankOneStep(f, beta), f, beta);
    expect(operator + frobenius).toBe(0);
  });

  it("shrinks in operator norm as n, d and h grow, with an output negligible at initialisation (n = 16 d, h = d)", () => {
    const error = (d: number) => {
      let total = 0;
      for (let draw = 0; draw < 4; draw++) {
        const own = stream.child("rank one", d, draw);
        const spectrum = isotropicSpectrum(d);
        const { inputs, labels } = new SingleIndexTeacher(spectrum, placement(spectrum, "isotropic"), links.relu, 0.1).sample(own, 16 * d);
        const { g, f } = initialStudent(own.child("student"), d, d);
        const small = f.map((v) => v * 1e-4);
        total +=
          rankOneError(plainStep(inputs, outputGradients(g, small, inputs, labels)), small, sgdDirection(inputs, labels)).operator / 4;
      }
      return total;
    };
    const [small, large] = [error(12), error(192)];
    expect(large).toBeLessThan(0.6 * small);
  });
});

describe("takeStep", () => {
  it("changes pre-activations by the stated root mean square under N(0, S), downhill", () => {
    const [h, d] = [6, 5];
    const spectrum = [4, 2, 1, 0.5, 0.1];
    const { g } = initialStudent(stream.child("student"), h, d);
    const step = normal(h, d, "step");
    const after = takeStep(g, step, spectrum, 3);
    let squares = 0;
    for (let i = 0; i < h; i++) for (let j = 0; j < d; j++) squares += spectrum[j] * (after.get(i, j) - g.get(i, j)) ** 2;
    expect(Math.sqrt(squares / h)).toBeCloseTo(3, 12);
    expect(Math.sign(after.get(0, 0) - g.get(0, 0))).toBe(-Math.sign(step.get(0, 0)));
    expect(takeStep(g, Matrix.zeros(h, d), spectrum, 3).data).toEqual(g.data);
    expect(() => takeStep(g, Matrix.zeros(h, d).fill(Number.NaN), spectrum, 3)).toThrow(RangeError);
  });

  it("rows of the initial first layer have unit norm", () => {
    const { g } = initialStudent(stream.child("student"), 3, 50);
    for (let i = 0; i < 3; i++) expect(norm(g.rowArray(i))).toBeCloseTo(1, 14);
  });
});
