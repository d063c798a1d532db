import { describe, expect, it } from "vitest";
import { cholesky, choleskySolve, gemm, Matrix, norm } from "../../lib/linalg/index.js";
import { evaluateBatch } from "../../lib/models/networks/index.js";
import { Activation, type Layer, Linear, type Loss, Sequential, SoftmaxCrossEntropy, SquaredError } from "../../lib/nn/index.js";
import { createOptimizer } from "../../lib/optim/index.js";
import { Stream } from "../../lib/random/index.js";
import { distance, generator, stageState } from "./helpers.js";

/** A random two-layer network with a random batch, its gradients and output gradients filled in. */
function tiny(seed: number, loss: Loss, fisher: "exact" | "sampled" | "empirical"): { network: Layer; n: number } {
  const stream = new Stream(seed, "tiny network");
  const g = generator(seed);
  const [n, d, h, c] = [5 + (seed % 7), 2 + (seed % 3), 3, 2 + (seed % 2)];
  const network = new Sequential([
    new Linear(d, h, stream.child(1), { name: "first" }),
    new Activation("tanh"),
    new Linear(h, c, stream.child(2), { name: "second" }),
  ]);
  const inputs = g.matrix(n, d);
  const targets = Matrix.zeros(n, c);
  for (let i = 0; i < n; i++) targets.set(i, i % c, 1);
  evaluateBatch(network, loss, { inputs, targets }, { kind: fisher, stream: stream.child("labels") });
  return { network, n };
}

/** E[vec(δaᵀ) vec(δaᵀ)ᵀ], element by element; output gradients may come in several blocks of the inputs' order. */
function fisherBlock(inputs: Matrix, delta: Matrix, n: number): Matrix {
  const [m, d] = [delta.cols, inputs.cols];
  const out = Matrix.zeros(m * d, m * d);
  for (let row = 0; row < delta.rows; row++) {
    const g = gemm(delta.row(row).T, inputs.row(row % n)).data;
    for (let p = 0; p < g.length; p++) for (let q = 0; q < g.length; q++) out.set(p, q, out.get(p, q) + (g[p]! * g[q]!) / n);
  }
  return out;
}

/** B ⊗ A. */
function kron(b: Matrix, a: Matrix): Matrix {
  const out = Matrix.zeros(b.rows * a.rows, b.cols * a.cols);
  for (let i = 0; i < out.rows; i++) {
    for (let j = 0; j < out.cols; j++) out.set(i, j, b.get(Math.floor(i / a.rows), Math.floor(j / a.cols)) * a.get(i % a.rows, j % a.cols));
  }
  return out;
}

const minus = (a: Matrix, b: Matrix) => {
  const out = a.clone();
  for (let i = 0; i < out.data.length; i++) out.data[i]! -= b.data[i]!;
  return out;
};

/** U diag(s) Uᵀ. */
function spectral(u: Matrix, s: ArrayLike<number>): Matrix {
  const scaled = u.clone();
  for (let i = 0; i < u.rows; i++) for (let j = 0; j < u.cols; j++) scaled.set(i, j, u.get(i, j) * s[j]!);
  return gemm(scaled, u.T);
}

/** What EKFAC holds after one step at each layer, beside the exact block. */
function layers(seed: number, loss: Loss, fisher: "exact" | "sampled" | "empirical", lambda: number) {
  const { network, n } = tiny(seed, loss, fisher);
  const before = network.parameters.map(({ value }) => value.clone());
  const optimizer = createOptimizer("ekfac", network.parameters, { lr: 1, momentum: 0, damping: lambda });
  optimizer.step();
  return network.parameters.map((parameter, k) => {
    const stage = stageState(optimizer, parameter.name)["0:inEigenbasis"] as {
      left: { root: Matrix; moment: Matrix; weight: number };
      right: { root: Matrix; moment: Matrix; weight: number };
      inner: [{ s: Matrix; weight: number }];
    };
    const mean = ({ moment, weight }: { moment: Matrix; weight: number }) =>
      gemm(moment, Matrix.identity(moment.cols), { alpha: 1 / weight });
    return {
      name: parameter.name,
      exact: fisherBlock((parameter.inputs as { samples: Matrix }).samples, parameter.outputGradients!.samples, n),
      kfac: kron(mean(stage.left), mean(stage.right)),
      basis: kron(stage.left.root, stage.right.root),
      s: Array.from(stage.inner[0].s.data, (x) => x / stage.inner[0].weight),
      gradient: parameter.gradient.clone(),
      step: minus(before[k]!, parameter.value),
    };
  });
}

const cases = [
  ["softmax", "exact"],
  ["softmax", "sampled"],
  ["softmax", "empirical"],
  ["squared", "exact"],
  ["squared", "empirical"],
] as const;
const lossOf = (name: "softmax" | "squared") => (name === "softmax" ? new SoftmaxCrossEntropy() : new SquaredError());

describe("EKFAC approximates the Fisher block no worse than KFAC (George et al. 2018, Theorem 2)", () => {
  it.each(cases)("%s, %s Fisher, at every layer of random networks", (name, fisher) => {
    let better = 0;
    for (let seed = 1; seed <= 20; seed++) {
      for (const { name: layer, exact, kfac, basis, s } of layers(seed, lossOf(name), fisher, 0.1)) {
        const ekfac = norm(minus(exact, spectral(basis, s)));
        const plain = norm(minus(exact, kfac));
        expect(ekfac, `seed ${seed}, ${layer}`).toBeLessThanOrEqual(plain * (1 + 1e-12) + 1e-14);
        if (ekfac < 0.99 * plain) better++;
      }
    }
    // Equality is the exception: inputs and output gradients are hardly ever independent. (The exact Fisher of the squared loss has
    // output gradients that do not depend on the example in the last layer.)
    expect(better).toBeGreaterThanOrEqual(name === "squared" && fisher === "exact" ? 15 : 30);
  });

  it("and its diagonal is the best one in that basis: any change makes it worse", () => {
    for (let seed = 1; seed <= 5; seed++) {
      for (const { exact, basis, s } of layers(seed, new SoftmaxCrossEntropy(), "exact", 0.1)) {
        const best = norm(minus(exact, spectral(basis, s)));
        s.forEach((_, i) => {
          for (const change of [1e-3, -1e-3]) expect(norm(minus(exact, spectral(basis, s.with(i, s[i]! + change))))).toBeGreaterThan(best);
        });
      }
    }
  });

  it("its step solves the damped system (U diag(s) Uᵀ + λI) x = g", () => {
    for (const { gradient, step, basis, s } of layers(3, new SoftmaxCrossEntropy(), "exact", 0.05)) {
      const damped = spectral(
        basis,
        s.map((x) => x + 0.05),
      );
      const g = new Matrix(gradient.data, gradient.data.length, 1);
      const expected = choleskySolve(cholesky(damped), g);
      expect(distance(new Matrix(step.data, step.data.length, 1), expected)).toBeLessThan(1e-10);
    }
  });
});

describe("KFAC on networks", () => {
  it.each(["homogeneous", "none"] as const)(
    "is Gauss-Newton's block at every layer of a deep linear net with squared loss, bias %s",
    (bias) => {
      // Layers of one width: no factor is singular.
      const width = 3;
      const stream = new Stream(8, "deep linear");
      const network = new Sequential([0, 1, 2].map((k) => new Linear(width, width, stream.child(k), { name: `layer${k}`, bias })));
      const g = generator(8);
      const [n, loss] = [9, new SquaredError()];
      evaluateBatch(network, loss, { inputs: g.matrix(n, 3), targets: g.matrix(n, 3) }, { kind: "exact", stream });
      // Before anything moves: E[Jᵀ J] of each layer, J by central differences of the outputs (exact: they are linear in one layer's weight).
      const blocks = network.parameters.map(({ value }) => {
        const x = (network.parameters[0]!.inputs as { samples: Matrix }).samples.block(0, 0, n, 3).clone();
        const jacobian = Matrix.zeros(n * 3, value.data.length);
        for (let p = 0; p < value.data.length; p++) {
          const at = value.data[p]!;
          value.data[p] = at + 1;
          const above = network.forward(x).clone();
          value.data[p] = at - 1;
          const below = network.forward(x);
          value.data[p] = at;
          for (let i = 0; i < n * 3; i++) jacobian.set(i, p, (above.data[i]! - below.data[i]!) / 2);
        }
        network.forward(x);
        return gemm(jacobian.T, jacobian, { alpha: 1 / n });
      });
      const before = network.parameters.map(({ value, gradient }) => ({ value: value.clone(), gradient: gradient.clone() }));
      createOptimizer("kfac", network.parameters, { lr: 1, momentum: 0, damping: 0 }).step();
      network.parameters.forEach((parameter, k) => {
        const gn = blocks[k]!;
        const moment = ({ samples, scale = 1 }: { samples: Matrix; scale?: number }) =>
          gemm(samples.T, samples, { alpha: scale / samples.rows });
        const product = kron(moment(parameter.outputGradients!), moment(parameter.inputs as { samples: Matrix }));
        expect(distance(product, gn), parameter.name).toBeLessThan(1e-12);
        // And the step solves that block: C δ = g.
        const vector = (a: Matrix) => new Matrix(a.data, a.data.length, 1);
        const delta = minus(before[k]!.value, parameter.value);
        expect(distance(gemm(gn, vector(delta)), vector(before[k]!.gradient)), parameter.name).toBeLessThan(1e-9);
      });
    },
  );

  it("has the exact block where inputs or output gradients do not vary: one example", () => {
    const stream = new Stream(4, "one example");
    const network = new Sequential([new Linear(3, 2, stream.child(1), { name: "only" })]);
    const inputs = generator(4).matrix(1, 3);
    const batch = { inputs, targets: Matrix.from([[1, 0]]) };
    evaluateBatch(network, new SoftmaxCrossEntropy(), batch, { kind: "exact", stream });
    const [parameter] = network.parameters;
    const a = (parameter!.inputs as { samples: Matrix }).samples;
    const { samples, scale = 1 } = parameter!.outputGradients!;
    const moment = (x: Matrix, c: number) => gemm(x.T, x, { alpha: c / x.rows });
    expect(distance(kron(moment(samples, scale), moment(a, 1)), fisherBlock(a, samples, 1))).toBeLessThan(1e-14);
  });

  it("the sampled Fisher tends to the exact one", () => {
    const { network, n } = tiny(5, new SoftmaxCrossEntropy(), "exact");
    const loss = new SoftmaxCrossEntropy();
    const parameter = network.parameters[0]!;
    const inputs = (parameter.inputs as { samples: Matrix }).samples.clone();
    const exact = fisherBlock(inputs, parameter.outputGradients!.samples, n);
    const x = inputs.block(0, 0, n, inputs.cols - 1).clone();
    const z = network.forward(x);
    const draws = 4000;
    network.backward(loss.gradient(z, loss.gradient(z, z).clone()), "gradient");
    const labels = new Stream(6, "labels");
    for (let k = 0; k < draws; k++) network.backward(loss.sampled(z, labels), "fisher");
    const sampled = fisherBlock(inputs, parameter.outputGradients!.samples, n);
    const mean = gemm(sampled, Matrix.identity(sampled.cols), { alpha: 1 / draws });
    // The standard error of the mean over 4000 draws is below 2 % of the whole.
    expect(norm(minus(mean, exact)) / norm(exact)).toBeLessThan(0.06);
  });
});
