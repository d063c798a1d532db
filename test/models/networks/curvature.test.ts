import { describe, expect, it } from "vitest";
import { gemm, Matrix, type Real } from "../../../lib/linalg/index.js";
import { NetworkCurvature } from "../../../lib/models/networks/index.js";
import { Activation, BatchNorm, type Layer, Linear, Sequential, SoftmaxCrossEntropy, SquaredError } from "../../../lib/nn/index.js";
import { Stream } from "../../../lib/random/index.js";

const stream = new Stream(3, "network curvature");

const perceptron = () =>
  new Sequential<Real>([
    new Linear<Real>(3, 4, stream.child("a"), { name: "a" }),
    new Activation<Real>("tanh"),
    new Linear<Real>(4, 2, stream.child("b"), { name: "b", bias: "none" }),
  ]);
/** A separate bias and a normalisation: no outer products, one pass for each row. */
const general = () =>
  new Sequential<Real>([
    new Linear<Real>(3, 4, stream.child("a"), { name: "a", bias: "separate" }),
    new BatchNorm<Real>(4),
    new Activation<Real>("tanh"),
    new Linear<Real>(4, 2, stream.child("b"), { name: "b" }),
  ]);

describe("the Jacobian of a network", () => {
  it.each([
    ["by outer products", perceptron],
    ["by single rows", general],
  ])("%s, against finite differences, and without touching the gradients", (_, make) => {
    const network: Layer<Real> = make();
    const x = stream.child("x").normal(Matrix.zeros(5, 3));
    const curvature = new NetworkCurvature(network, new SquaredError<Real>(), 2, stream);
    const z = network.forward(x, "train");
    network.backward(stream.child("dy").normal(Matrix.zeros(5, 2)));
    const gradients = network.parameters.map((p) => p.gradient.toArrays());
    curvature.at(z, Matrix.zeros(5, 2));
    const jacobian = curvature.jacobian().clone();
    expect(network.parameters.map((p) => p.gradient.toArrays())).toEqual(gradients);
    let column = 0;
    for (const { value } of network.parameters) {
      for (let k = 0; k < value.data.length; k++, column++) {
        const at = value.data[k]!;
        value.data[k] = at + 1e-5;
        const above = network.forward(x, "train").clone();
        value.data[k] = at - 1e-5;
        const below = network.forward(x, "train").clone();
        value.data[k] = at;
        for (let i = 0; i < 5; i++) {
          for (let j = 0; j < 2; j++) {
            expect(jacobian.get(i * 2 + j, column)).toBeCloseTo((above.get(i, j) - below.get(i, j)) / 2e-5, 7);
          }
        }
      }
    }
    expect(column).toBe(jacobian.cols);
  });

  it("gives per-example gradients whose mean is the gradient", () => {
    const network = perceptron();
    const loss = new SoftmaxCrossEntropy<Real>();
    const x = stream.child("x").normal(Matrix.zeros(6, 3));
    const targets = Matrix.from([0, 1, 0, 0, 1, 1].map((label) => [1 - label, label]));
    const curvature = new NetworkCurvature(network, loss, 2, stream);
    const z = network.forward(x);
    network.backward(loss.gradient(z, targets));
    const gradient = network.parameters.flatMap((p) => Array.from(p.gradient.data));
    curvature.at(z, targets);
    const delta = curvature.outputGradients("empirical").clone();
    const product = gemm(new Matrix<Real>(delta.data, 1, 12), curvature.jacobian(), { alpha: 1 / 6 });
    gradient.forEach((g, k) => {
      expect(product.get(0, k)).toBeCloseTo(g, 14);
    });
  });

  it("gives the losses' Hessians: p∘I − ppᵀ for the softmax", () => {
    const loss = new SoftmaxCrossEntropy<Real>();
    const curvature = new NetworkCurvature(perceptron(), loss, 2, stream);
    curvature.at(Matrix.from([[0, Math.log(3)]]), Matrix.from([[1, 0]]));
    const h = curvature.outputHessian();
    for (const [i, j, value] of [
      [0, 0, 3 / 16],
      [0, 1, -3 / 16],
      [1, 1, 3 / 16],
    ] as const) {
      expect(h.get(i, j)).toBeCloseTo(value, 15);
    }
  });
});
