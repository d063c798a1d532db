import { describe, expect, it } from "vitest";
import { addDiagonal, cholesky, choleskySolve, gemv, Matrix, norm, syrk } from "../../../lib/linalg/index.js";
import {
  features,
  initialStudent,
  links,
  penaltyGrid,
  placement,
  refit,
  SingleIndexTeacher,
} from "../../../lib/models/single-index/index.js";
import { logSpectrum, Stream } from "../../../lib/random/index.js";

const stream = new Stream(9, "refit test");
const [d, h] = [6, 15];
const spectrum = logSpectrum(d, 5);
const teacher = new SingleIndexTeacher(spectrum, placement(spectrum, "isotropic"), links["he1+he2"], 0.3);
const { g, bias } = initialStudent(stream.child("student"), h, d);
const [train, validation, test] = [60, 200, 300].map((n, i) => teacher.sample(stream.child("batch", i), n));

describe("features", () => {
  it("are max(⟨g, x⟩ + b, 0)", () => {
    const z = features({ g, bias }, train.inputs);
    const u = train.inputs.rowArray(3).reduce((total, x, j) => total + x * g.get(2, j), bias[2]);
    expect(z.get(3, 2)).toBeCloseTo(Math.max(u, 0), 13);
    expect(Math.min(...z.data)).toBe(0);
  });
});

describe("refit", () => {
  const fitted = refit({ g, bias }, train, validation, test);
  const z = features({ g, bias }, train.inputs);
  const gram = syrk(z.T, { alpha: 1 / 60 });
  const meanSquare = z.data.reduce((total, v) => total + v * v, 0) / z.data.length;
  const ridge = (rho: number) =>
    choleskySolve(cholesky(addDiagonal(gram.clone(), rho * meanSquare)), new Matrix(gemv(z.T, train.labels, { alpha: 1 / 60 }), h, 1)).data;

  it("is ridge regression at the chosen penalty", () => {
    const want = ridge(fitted.penalty);
    expect(norm(want.map((v, i) => v - fitted.head[i])) / norm(want)).toBeLessThan(1e-10);
  });

  it("chooses the penalty with the least validation error", () => {
    const zv = features({ g, bias }, validation.inputs);
    const error = (rho: number) => norm(gemv(zv, ridge(rho)).map((v, i) => v - validation.labels[i]));
    const least = penaltyGrid.filter((rho) => rho >= 1e-6).reduce((best, rho) => (error(rho) < error(best) ? rho : best));
    expect(fitted.penalty).toBe(least);
  });

  it("measures the error against the noiseless target", () => {
    const prediction = gemv(features({ g, bias }, test.inputs), fitted.head);
    expect(norm(prediction.map((v, i) => v - test.clean[i])) ** 2 / 300).toBeCloseTo(fitted.excess, 12);
  });

  it("features that are all zero predict zero", () => {
    const none = refit({ g: Matrix.zeros(h, d), bias: new Float64Array(h) }, train, validation, test);
    expect(Array.from(none.head)).toEqual(Array(h).fill(0));
    expect(none.excess).toBeCloseTo(norm(test.clean) ** 2 / 300, 12);
  });
});
