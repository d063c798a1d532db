import { describe, expect, it } from "vitest";
import { cholesky, choleskySolve, gemm, Matrix, svd } from "../../lib/linalg/index.js";
import { Embedding, Linear } from "../../lib/nn/index.js";
import { createOptimizer, type OptimizerState, type Parameter } from "../../lib/optim/index.js";
import { Stream } from "../../lib/random/index.js";
import { distance, generator, layerStep, matmul, type Step, trajectory, transpose, weight } from "./helpers.js";

const gradients = (seed: number, m: number, n: number, count: number, scale = 1): Step[] => {
  const g = generator(seed);
  return Array.from({ length: count }, () => ({ gradient: g.matrix(m, n, scale) }));
};
const zero = Matrix.zeros;
const scaled = (a: Matrix, c: number): Matrix => gemm(a, Matrix.identity(a.cols), { alpha: c });

/** Asserts two trajectories agree at every step. */
function same(a: readonly Matrix[], b: readonly Matrix[], tolerance = 1e-9): void {
  expect(a.length).toBe(b.length);
  a.forEach((x, t) => {
    expect(distance(x, b[t]!), `step ${t + 1}`).toBeLessThan(tolerance);
  });
}

describe("reductions", () => {
  it("Shampoo and one-sided Shampoo on one gradient without damping are U Vᵀ, and so is exact Muon", () => {
    for (const [m, n] of [
      [4, 4],
      [3, 5],
      [6, 2],
    ] as const) {
      const [step] = gradients(m * n, m, n, 1);
      const { u, vt } = svd(step!.gradient);
      const k = Math.min(m, n);
      const polar = gemm(u.block(0, 0, m, k), vt.block(0, 0, k, n), { alpha: -1 });
      const options = { lr: 1, damping: 1e-9, relativeTo: "max", spectrum: "pseudo-inverse" };
      expect(distance(trajectory("shampoo", zero(m, n), [step!], { ...options, statistics: "sum" })[0]!, polar)).toBeLessThan(1e-7);
      expect(distance(trajectory("asgo", zero(m, n), [step!], { ...options, rms: null })[0]!, polar)).toBeLessThan(1e-7);
      expect(distance(trajectory("muon", zero(m, n), [step!], { lr: 1, polar: "exact", scale: "none" })[0]!, polar)).toBeLessThan(1e-9);
    }
  });

  it("SOAP in identity bases is AdamW", () => {
    const start = generator(1).matrix(4, 3);
    const steps = gradients(2, 4, 3, 6);
    const options = { lr: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-6, decay: 0.1 };
    same(trajectory("soap", start, steps, { ...options, maxDim: 1 }), trajectory("adamw", start, steps, options), 1e-13);
  });

  it("any grafted Shampoo that never starts is its grafting method", () => {
    const start = generator(3).matrix(3, 4);
    const steps = gradients(4, 3, 4, 5);
    for (const [graft, reference] of [
      ["sgd", "sgd"],
      ["adam", "adam"],
      ["adagrad", "adagrad"],
      ["rmsprop", "rmsprop"],
    ]) {
      const never = { lr: 0.1, graft, start: Number.MAX_SAFE_INTEGER };
      same(trajectory("shampoo", start, steps, never), trajectory(reference!, start, steps, { lr: 0.1 }), 1e-13);
    }
  });

  it("grafting keeps the direction and takes the norm", () => {
    const steps = gradients(5, 3, 4, 1);
    const plain = trajectory("shampoo", zero(3, 4), steps, { lr: 1, damping: 0.1 })[0]!;
    const grafted = trajectory("shampoo", zero(3, 4), steps, { lr: 1, damping: 0.1, graft: "sgd" })[0]!;
    const norm = (a: Matrix) => Math.hypot(...a.data);
    expect(norm(grafted)).toBeCloseTo(norm(steps[0]!.gradient), 10);
    expect(distance(scaled(plain, norm(grafted) / norm(plain)), grafted)).toBeLessThan(1e-12);
  });

  it("blocks are preconditioned each for itself", () => {
    const steps = gradients(6, 4, 6, 3);
    const part = (w: Matrix, i: number, j: number) => w.block(i, j, 2, 3).clone();
    const options = { lr: 0.1, damping: 1e-3 };
    const blocked = trajectory("shampoo", zero(4, 6), steps, { ...options, blockSize: 3 });
    // Rows are cut at 3 as well: 3 + 1.
    const top = trajectory(
      "shampoo",
      zero(3, 3),
      steps.map(({ gradient }) => ({ gradient: gradient.block(0, 3, 3, 3) })),
      options,
    );
    blocked.forEach((w, t) => {
      expect(distance(w.block(0, 3, 3, 3), top[t]!)).toBeLessThan(1e-12);
    });
    expect(distance(part(blocked[0]!, 0, 0), part(trajectory("shampoo", zero(4, 6), steps, options)[0]!, 0, 0))).toBeGreaterThan(1e-3);
  });

  it("KFAC with zero damping and the exact Fisher solves the Gauss-Newton block of a deep linear net", () => {
    const g = generator(7);
    const [n, d, k, dy] = [20, 4, 3, 5];
    const x = g.matrix(n, d);
    const f = g.matrix(dy, k); // f(x) = F G x, loss ½‖·‖²: the block of G is FᵀF ⊗ E[x xᵀ]
    const gradient = g.matrix(k, d);
    const second = gemm(f.T, f);
    const moment = gemm(x.T, x, { alpha: 1 / n });
    const block = zero(k * d, k * d);
    for (let i = 0; i < k * d; i++) {
      for (let j = 0; j < k * d; j++) block.set(i, j, second.get(Math.floor(i / d), Math.floor(j / d)) * moment.get(i % d, j % d));
    }
    const expected = choleskySolve(cholesky(block), new Matrix(gradient.data, k * d, 1));
    for (const [id, options] of [
      ["kfac", { momentum: 0, damping: 0 }],
      ["kfac", { momentum: 0, damping: 0, split: "exact" }],
      ["kfac-stylised", {}],
    ] as const) {
      const parameter = weight(zero(k, d)) as Parameter & { gradient: Matrix };
      parameter.gradient.copy(gradient);
      // The exact Fisher of the squared loss: dy columns Fᵀe_c, summed.
      Object.assign(parameter, { inputs: { samples: x }, outputGradients: { samples: f, scale: dy } });
      createOptimizer(id, [parameter], { lr: 1, ...options }).step();
      expect(
        distance(
          parameter.value,
          new Matrix(
            expected.data.map((v) => -v),
            k,
            d,
          ),
        ),
        id,
      ).toBeLessThan(1e-9);
    }
  });

  it("EKFAC is exactly damped KFAC when its second moment is the outer product", () => {
    const g = generator(8);
    // Every input meets every output gradient: a and δ are independent.
    const a0 = g.matrix(6, 3);
    const d0 = g.matrix(5, 2);
    const a = zero(30, 3);
    const delta = zero(30, 2);
    for (let i = 0; i < 30; i++) {
      a.rowArray(i).set(a0.rowArray(i % 6));
      delta.rowArray(i).set(d0.rowArray(Math.floor(i / 6)));
    }
    const steps = [layerStep(a, delta)];
    const options = { lr: 1, damping: 0.03, momentum: 0 };
    same(trajectory("ekfac", zero(2, 3), steps, options), trajectory("kfac", zero(2, 3), steps, { ...options, split: "exact" }));
  });

  it.each([
    ["kfac", { split: "pi" }],
    ["kfac", { split: "plain" }],
    ["kfac", { split: "exact" }],
    ["foof", {}],
    ["kfac-stylised", { damping: 0.1 }],
    ["newton-muon", { every: 1, polar: "exact" }],
  ] as const)("an embedding is a linear layer of one-hot inputs to %s %o", (id, options) => {
    const [vocabulary, dimension, n] = [5, 3, 12];
    const g = generator(10);
    const embedding = new Embedding(vocabulary, dimension, new Stream(1));
    const linear = new Linear(vocabulary, dimension, new Stream(1), { bias: "none" });
    linear.weight.value.copy(embedding.weight.value);
    const [sparse, dense] = [embedding, linear].map((layer) => createOptimizer(id, layer.parameters, { lr: 0.1, ...options }));
    for (let t = 0; t < 6; t++) {
      const tokens = zero(n, 1);
      const hot = zero(n, vocabulary);
      for (let i = 0; i < n; i++) {
        // Token 4 appears late.
        const token = Math.floor(g.uniform() * (t < 3 ? vocabulary - 1 : vocabulary));
        tokens.set(i, 0, token);
        hot.set(i, token, 1);
      }
      const delta = g.matrix(n, dimension);
      expect(distance(embedding.forward(tokens), linear.forward(hot))).toBeLessThan(1e-10);
      embedding.backward(delta);
      linear.backward(delta);
      sparse!.step();
      dense!.step();
      expect(distance(embedding.weight.value, linear.weight.value), `step ${t + 1}`).toBeLessThan(1e-10);
    }
    expect(sparse!.memory()["embedding.weight"]!).toBeLessThan(dense!.memory()["linear.weight"]!);
  });

  it("exact, plain and π-split damping agree as damping goes to zero", () => {
    const g = generator(9);
    const steps = [layerStep(g.matrix(12, 3), g.matrix(12, 2))];
    const of = (split: string) => trajectory("kfac", zero(2, 3), steps, { lr: 1, momentum: 0, damping: 1e-12, split });
    same(of("pi"), of("exact"), 1e-5);
    same(of("plain"), of("exact"), 1e-9);
  });
});

describe("equivariance", () => {
  const shape = [4, 3] as const;
  const build = (left: Matrix, right: Matrix) => {
    const g = generator(11);
    return Array.from({ length: 5 }, () => {
      const a = g.matrix(9, shape[1]);
      const delta = g.matrix(9, shape[0]);
      return layerStep(gemm(a, right.T), gemm(delta, left.T));
    });
  };
  const identities = [Matrix.identity(shape[0]), Matrix.identity(shape[1])] as const;
  const start = generator(12).matrix(...shape);

  const orthogonal: [string, Record<string, unknown>][] = [
    ["sgd", { momentum: 0.9 }],
    ["shampoo", { damping: 1e-4, beta: 0.9, momentum: 0.5, graft: "sgd" }],
    ["shampoo", { damping: 1e-4, p: 2, every: 2 }],
    ["asgo", {}],
    ["kl-shampoo", {}],
    ["soap", { basis: "eigh", every: 1, epsilon: 1e-12 }],
    ["soap", { basis: "qr", every: 2, epsilon: 1e-12 }],
    ["kl-soap", { basis: "eigh", every: 2 }],
    ["soap-muon", { basis: "eigh" }],
    ["splus", { every: 2 }],
    ["muon", {}],
    ["muon", { polar: "polar-express", polarSteps: 8 }],
    ["newton-muon", { every: 1, polar: "exact" }],
    ["kfac", { damping: 0.1 }],
    ["kfac", { damping: 0.1, split: "exact" }],
    ["foof", { damping: 0.1 }],
    ["ekfac", { damping: 0.1 }],
    ["kfac-stylised", { damping: 0.1 }],
  ];
  const rotated = (id: string, options: Record<string, unknown>): [Matrix[], Matrix[]] => {
    const g = generator(13);
    const u = g.orthogonal(shape[0]);
    const v = g.orthogonal(shape[1]);
    const options_ = { lr: 0.1, ...options };
    const plain = trajectory(id, start, build(...identities), options_).map((w) => gemm(matmul(u, w), v.T));
    return [trajectory(id, gemm(matmul(u, start), v.T), build(u, v), options_), plain];
  };

  it.each(orthogonal)("%s %o does not depend on orthogonal bases", (id, options) => {
    const [turned, plain] = rotated(id, options);
    same(turned, plain, 1e-7);
  });

  it("one-sided SOAP does not depend on the basis of its axis, but on the other's", () => {
    const options = { lr: 0.1, basis: "eigh", oneSided: true, every: 2 };
    const [u, v] = [generator(15).orthogonal(shape[0]), generator(16).orthogonal(shape[1])];
    const plain = trajectory("soap", start, build(...identities), options);
    same(
      trajectory("soap", gemm(start, v.T), build(identities[0], v), options),
      plain.map((w) => gemm(w, v.T)),
      1e-7,
    );
    const left = trajectory("soap", matmul(u, start), build(u, identities[1]), options);
    expect(distance(left[4]!, matmul(u, plain[4]!))).toBeGreaterThan(1e-3);
  });

  it("Adam, Lion and Adagrad do", () => {
    for (const id of ["adam", "lion", "adagrad"]) {
      const [turned, plain] = rotated(id, {});
      expect(distance(turned[4]!, plain[4]!), id).toBeGreaterThan(1e-3);
    }
  });

  it.each([
    ["kfac", { damping: 0 }],
    ["foof", { damping: 0 }],
    ["kfac-stylised", { damping: 0 }],
  ])("%s without damping does not depend on invertible linear maps of the inputs", (id, options) => {
    const g = generator(14);
    const t = g.matrix(shape[1], shape[1]);
    const options_ = { lr: 0.1, ...options };
    // x → T x and W → W T^{-1} leave the function; start from W = 0.
    const plain = trajectory(id, zero(...shape), build(...identities), options_);
    const mapped = trajectory(id, zero(...shape), build(identities[0], t), options_).map((w) => gemm(w, t));
    same(mapped, plain, 1e-7);
  });

  it.each([
    ["shampoo", { damping: 1e-5 }],
    ["kl-shampoo", {}],
    ["soap", { basis: "eigh", every: 1 }],
    ["splus", { every: 1 }],
    ["muon", { scale: "none" }],
    ["asgo", {}],
  ])("%s treats both axes alike", (id, options) => {
    const steps = build(...identities);
    const transposed = steps.map(({ gradient }) => ({ gradient: transpose(gradient) }));
    const options_ = { lr: 0.1, ...options };
    same(trajectory(id, transpose(start), transposed, options_).map(transpose), trajectory(id, start, steps, options_), 1e-7);
  });
});

describe("scale of the gradient", () => {
  const steps = gradients(21, 3, 4, 6);
  const times = (c: number) => steps.map(({ gradient }) => ({ gradient: scaled(gradient, c) }));

  it.each([
    ["kl-shampoo", {}],
    ["kl-soap", { epsilon: 0, every: 2 }],
    ["adam", { epsilon: 0 }],
    ["adagrad", { epsilon: 0 }],
    ["lion", {}],
    ["soap", { epsilon: 0, every: 2 }],
    ["splus", { every: 2 }],
    ["muon", { polar: "exact" }],
    ["shampoo", { damping: 1e-6, relativeTo: "trace" }],
    ["asgo", {}],
  ])("does not move %s", (id, options) => {
    for (const c of [1e-3, 1e4])
      same(trajectory(id, zero(3, 4), times(c), { lr: 0.1, ...options }), trajectory(id, zero(3, 4), steps, { lr: 0.1, ...options }), 1e-6);
  });

  it("enters KFAC by its inverse, SGD linearly, Shampoo² by its inverse", () => {
    const g = generator(22);
    const a = g.matrix(10, 4);
    const delta = g.matrix(10, 3);
    const kfac = (c: number) => trajectory("kfac", zero(3, 4), [layerStep(a, scaled(delta, c))], { lr: 1, damping: 0 })[0]!;
    expect(distance(scaled(kfac(7), 7), kfac(1))).toBeLessThan(1e-9);
    const sgd = (c: number) => trajectory("sgd", zero(3, 4), times(c), { lr: 1, momentum: 0.9 })[5]!;
    expect(distance(sgd(7), scaled(sgd(1), 7))).toBeLessThan(1e-12);
    const shampoo = (c: number) => trajectory("shampoo", zero(3, 4), times(c), { lr: 1, p: 2, damping: 1e-3, relativeTo: "trace" })[5]!;
    expect(distance(scaled(shampoo(7), 7), shampoo(1))).toBeLessThan(1e-9);
  });
});

describe("SOAP's bases and second moments stay aligned", () => {
  /** Trains, permutes the columns of both bases (and what lives in them), trains on. */
  function permuted(options: Record<string, unknown>, permute: boolean): Matrix {
    const parameter = weight(zero(4, 3));
    const optimizer = createOptimizer("soap", [parameter], { lr: 0.1, every: 3, basis: "eigh", ...options });
    gradients(31, 4, 3, 8).forEach(({ gradient }, t) => {
      if (t === 5 && permute) optimizer.load(permuteState(optimizer.state()));
      parameter.gradient.copy(gradient);
      optimizer.step();
    });
    return parameter.value.clone();
  }

  function permuteState(state: OptimizerState): OptimizerState {
    type Side = { root: Matrix; values: Matrix };
    const stage = (state.parameters.w!.stages as never)["0:inEigenbasis"] as { left: Side; right: Side; inner: [{ m: Matrix; v: Matrix }] };
    const rows = [2, 0, 3, 1];
    const cols = [1, 2, 0];
    const pick = (a: Matrix, i: readonly number[] | null, j: readonly number[] | null) => {
      const old = a.clone();
      for (let r = 0; r < a.rows; r++) for (let c = 0; c < a.cols; c++) a.set(r, c, old.get(i ? i[r]! : r, j ? j[c]! : c));
    };
    pick(stage.left.root, null, rows);
    pick(stage.left.values, null, rows);
    pick(stage.right.root, null, cols);
    pick(stage.right.values, null, cols);
    for (const moment of [stage.inner[0].m, stage.inner[0].v]) pick(moment, rows, cols);
    return state;
  }

  it.each(["eigh", "qr"])("a permutation of the columns changes nothing, through %s refreshes too", (basis) => {
    expect(distance(permuted({ basis }, true), permuted({ basis }, false))).toBeLessThan(1e-10);
  });

  it("which needs the transport: without it the second moment is left on other columns", () => {
    expect(distance(permuted({ transport: "none" }, true), permuted({ transport: "none" }, false))).toBeGreaterThan(1e-3);
  });

  it("transport keeps the sum of the second moments", () => {
    const sum = (steps: Step[], every: number) => {
      const parameter = weight(zero(4, 3));
      const optimizer = createOptimizer("soap", [parameter], { every, basis: "eigh", holdFirst: false });
      for (const { gradient } of steps) {
        parameter.gradient.copy(gradient);
        optimizer.step();
      }
      const stage = (optimizer.state().parameters.w!.stages as never)["0:inEigenbasis"] as { inner: [{ v: Matrix }] };
      return stage.inner[0].v.data.reduce((a, b) => a + b, 0);
    };
    const steps = gradients(32, 4, 3, 7);
    expect(sum(steps, 1)).toBeCloseTo(sum(steps, 1000), 10);
  });
});
