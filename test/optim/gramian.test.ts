import { describe, expect, it } from "vitest";
import { experimentById, runTrial } from "../../lib/experiments/index.js";
import { type DType, gemm, Matrix, type Real } from "../../lib/linalg/index.js";
import { evaluateBatch, type Fisher, NetworkCurvature } from "../../lib/models/networks/index.js";
import { Activation, Conv2d, type Layer, Linear, Logistic, type Loss, Sequential, SoftmaxCrossEntropy } from "../../lib/nn/index.js";
import { createOptimizer } from "../../lib/optim/index.js";
import { Stream } from "../../lib/random/index.js";

type Kind = "perceptron" | "convolutions" | "no bias";

/** A small network with a batch, and what asks about it. */
function problem(kind: Kind, dtype: DType = "float64", n = 7) {
  const stream = new Stream(1, "gramian", kind);
  const layers: Layer<Real>[] =
    kind === "convolutions"
      ? [
          new Conv2d<Real>({ channels: 2, height: 5, width: 4, filters: 3, kernel: 3, stride: 2, padding: 1, dtype }, stream.child("a")),
          new Activation<Real>("tanh"),
          new Linear<Real>(18, 3, stream.child("b"), { dtype }),
        ]
      : [
          new Linear<Real>(6, 5, stream.child("a"), { dtype, name: "a", bias: kind === "no bias" ? "none" : "homogeneous" }),
          new Activation<Real>("gelu"),
          new Linear<Real>(5, 4, stream.child("b"), { dtype, name: "b" }),
          new Activation<Real>("tanh"),
          new Linear<Real>(4, 3, stream.child("c"), { dtype, name: "c" }),
        ];
  const network = new Sequential<Real>(layers);
  const all = stream.child("x").normal(Matrix.zeros(n, kind === "convolutions" ? 40 : 6, dtype));
  const labels = Matrix.zeros(n, 3, dtype);
  for (let i = 0; i < n; i++) labels.set(i, (i * i) % 3, 1);
  const loss: Loss<Real> = kind === "no bias" ? new Logistic<Real>() : new SoftmaxCrossEntropy<Real>();
  const curvature = new NetworkCurvature(network, loss, 3, stream.child("labels"));
  /** The loss of the first `count` examples. */
  const evaluate = (count: number) => {
    const batch = { inputs: all.block(0, 0, count, all.cols), targets: labels.block(0, 0, count, 3) };
    return evaluateBatch(network, loss, batch, { kind: "empirical", stream }, curvature);
  };
  return { network, curvature, evaluate, closure: () => evaluate(n), n };
}

const weights = (network: Layer<Real>) => network.parameters.flatMap(({ value }) => Array.from(value.data));
const difference = (x: readonly number[], y: readonly number[]) =>
  Math.hypot(...x.map((v, i) => v - y[i]!)) / Math.max(Math.hypot(...y), Number.MIN_VALUE);

describe.each<Kind>(["perceptron", "convolutions", "no bias"])("rows of single examples: %s", (kind) => {
  it.each<Fisher>(["exact", "empirical"])("are those of the Jacobian (%s)", (fisher) => {
    const { network, curvature, closure, n } = problem(kind);
    closure();
    const size = weights(network).length;
    // C from the definition: Jᵀ H J/n, or mean of gᵢgᵢᵀ with gᵢ = Jᵢᵀδᵢ.
    const j = curvature.jacobian().clone();
    const h = curvature.outputHessian();
    const delta = curvature.outputGradients("empirical").clone();
    const c = Matrix.zeros(size, size);
    for (let i = 0; i < n; i++) {
      const own = j.block(3 * i, 0, 3, size);
      const half =
        fisher === "exact" ? gemm(h.block(3 * i, 0, 3, 3), own) : gemm(delta.block(i, 0, 1, 3).T, gemm(delta.block(i, 0, 1, 3), own));
      gemm(own.T, half, { out: c, alpha: 1 / n, beta: 1 });
    }
    const rows = curvature.rows!(fisher, 1000);
    expect(rows.count).toBe(fisher === "exact" ? 3 * n : n);
    // Bᵀ column by column, from unit vectors.
    const bt = Matrix.zeros(size, rows.count);
    for (let r = 0; r < rows.count; r++) {
      const unit = Matrix.zeros(rows.count, 1);
      unit.set(r, 0, 1);
      bt.block(0, r, size, 1).copy(rows.transposeTimes(unit) as Matrix);
    }
    expect(difference(Array.from(gemm(bt, bt.T, { alpha: rows.scale }).data), Array.from(c.data))).toBeLessThan(1e-12);
    const gramian = rows.gramian();
    const right = gemm(bt.T, bt);
    for (let r = 0; r < rows.count; r++)
      for (let s = 0; s <= r; s++)
        expect(Math.abs(gramian.get(r, s) - right.get(r, s))).toBeLessThan(1e-12 * (1 + Math.abs(right.get(r, s))));
    const v = new Stream(2, "v").normal(Matrix.zeros(size, 1));
    expect(difference(Array.from(rows.times(v).data.subarray(0, rows.count)), Array.from(gemm(bt.T, v).data))).toBeLessThan(1e-12);
  });

  it("refuses more rows than are wanted, and says what has less", () => {
    const { curvature, closure, n } = problem(kind);
    closure();
    expect(() => curvature.rows!("exact", 3 * n - 1)).toThrow(/7 examples make 21 rows, at most 20 are wanted.*"sampled"/);
    expect(() => curvature.rows!("sampled", n - 1)).toThrow(/7 examples make 7 rows/);
  });
});

describe("gauss-newton by the Gramian", () => {
  const options = [
    ["exact", { fisher: "exact" }],
    ["sampled", { fisher: "sampled" }],
    ["empirical, momentum, decay", { fisher: "empirical", momentum: 0.9, decay: 0.01, lr: 0.3 }],
    ["relative damping", { fisher: "exact", relativeTo: "trace", damping: 0.3, dampingFloor: 1e-6 }],
    ["adaptive", { fisher: "exact", adaptive: true, damping: 0.01, omega: 0.5 }],
    ["adaptive, keeping every step", { fisher: "sampled", adaptive: true, damping: 0.001, omega: 0.5, lr: 3, reject: false }],
  ] as const;
  it.each(options)("makes the steps of the other form: %s", (_, chosen) => {
    for (const kind of ["perceptron", "convolutions"] as const) {
      const [a, b] = (["gramian", "weights"] as const).map((form) => {
        const { network, curvature, closure } = problem(kind);
        const optimizer = createOptimizer("gauss-newton", network.parameters, { ...chosen, form, provider: curvature });
        const start = weights(network);
        for (let k = 0; k < 6; k++) optimizer.step(closure);
        return { now: weights(network), start, lambda: optimizer.state().shared.lambda, optimizer };
      });
      expect(difference(a!.now, b!.now)).toBeLessThan(1e-8);
      expect(difference(a!.now, a!.start)).toBeGreaterThan(1e-3);
      expect(a!.lambda).toBe(b!.lambda);
      expect(a!.optimizer.diagnostics.refreshes).toBe(6);
      // No matrix with a side of all weights is kept.
      expect(a!.optimizer.memory().all ?? 0).toBeLessThan(b!.optimizer.memory().all! / 10);
    }
  });

  it.each<Fisher>(["exact", "sampled"])("follows a batch that changes its size (%s)", (fisher) => {
    for (const kind of ["perceptron", "convolutions"] as const) {
      const [a, b] = (["gramian", "weights"] as const).map((form) => {
        const { network, curvature, evaluate } = problem(kind, "float64", 9);
        const optimizer = createOptimizer("gauss-newton", network.parameters, { form, fisher, provider: curvature });
        for (const count of [7, 3, 9, 1, 5]) optimizer.step(() => evaluate(count));
        return weights(network);
      });
      expect(difference(a!, b!)).toBeLessThan(1e-10);
    }
  });

  it("agrees in single precision to what that allows", () => {
    const [a, b] = (["gramian", "weights"] as const).map((form) => {
      const { network, curvature, closure } = problem("perceptron", "float32");
      const optimizer = createOptimizer("gauss-newton", network.parameters, { form, fisher: "exact", damping: 0.1, provider: curvature });
      for (let k = 0; k < 3; k++) optimizer.step(closure);
      return weights(network);
    });
    expect(difference(a!, b!)).toBeLessThan(1e-5);
  });

  it("continues to the bit from a saved state", () => {
    const run = (pause: boolean) => {
      const { network, curvature, closure } = problem("perceptron");
      const make = () =>
        createOptimizer("gauss-newton", network.parameters, {
          ...{ form: "gramian", fisher: "exact", adaptive: true, omega: 0.7, momentum: 0.5, provider: curvature },
        });
      let optimizer = make();
      for (let k = 0; k < 8; k++) {
        if (pause && k === 4) {
          const state = structuredClone(optimizer.state());
          optimizer = make();
          optimizer.load(state);
        }
        optimizer.step(closure);
      }
      return weights(network);
    };
    expect(run(true)).toEqual(run(false));
  });

  it("is taken by itself where there are many weights, and trains a network of a hundred thousand", async () => {
    const { series, metrics } = await runTrial(experimentById("train"), {
      model: "mlp",
      optimizer: "gauss-newton",
      steps: 20,
      batch: 128,
      precision: "float32",
      damping: 1,
      evaluateEvery: 0,
    });
    expect(metrics.parameters).toBeGreaterThan(100_000);
    const losses = series.trainLoss as number[];
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  });

  it("says what it needs", () => {
    const { network, curvature } = problem("perceptron");
    const make = (more: object) => () =>
      createOptimizer("gauss-newton", network.parameters, { form: "gramian", provider: curvature, ...more });
    expect(make({ statistics: "ema" })).toThrow(/form "gramian" needs statistics: "batch"/);
    expect(make({ every: 2 })).toThrow(/needs every: 1/);
    for (const root of ["eigh", "coupled-newton", "warm"]) expect(make({ root })).toThrow(/needs root: "auto" or "cholesky"/);
    expect(make({ root: "cholesky" })).not.toThrow();
    expect(make({ spectrum: "clip" })).toThrow(/needs spectrum: "add"/);
    expect(make({ provider: { outputs: 3, jacobian: () => Matrix.zeros(0, 0) } })).toThrow(/needs a provider with rows\(\)/);
    expect(make({ form: "rows" })).toThrow(/form/);
  });

  it("names what does not fit", () => {
    const { network, curvature, closure } = problem("perceptron");
    const step = (provider: object, parameters = network.parameters) => {
      const optimizer = createOptimizer("gauss-newton", parameters, {
        form: "gramian",
        fisher: "exact",
        provider: provider as NetworkCurvature,
      });
      return () => optimizer.step(closure);
    };
    expect(step(curvature, network.parameters.slice(1))).toThrow(
      /the network has 74 weights, but the rows are multiplied by a 39×1 vector/,
    );
    const having = (wrong: object) => ({
      outputs: 3,
      jacobian: () => Matrix.zeros(0, 0),
      rows: () => ({ ...rowsOf(curvature), ...wrong }),
    });
    expect(step(having({ count: 20 }))).toThrow(/gramian\(\) of the provider's rows must be 20×20, got 21×21/);
    expect(step(having({ times: () => Matrix.zeros(20, 1) }))).toThrow(/times\(v\) .* must be 21×1, got 20×1/);
    expect(step(having({ transposeTimes: () => Matrix.zeros(75, 1) }))).toThrow(/transposeTimes\(u\) .* must be 74×1, got 75×1/);
  });

  it("leaves the weights where C = 0 and the damping is none or in its units, however often", () => {
    const { network, curvature, closure } = problem("perceptron");
    const zero = () => ({
      ...rowsOf(curvature),
      gramian: () => Matrix.zeros(21, 21),
      times: () => Matrix.zeros(21, 1),
      transposeTimes: () => Matrix.zeros(74, 1),
    });
    for (const damping of [{ damping: 0 }, { relativeTo: "trace" }, { relativeTo: "trace", dampingFloor: 1e-3 }] as const) {
      const provider = { outputs: 3, jacobian: () => Matrix.zeros(0, 0), rows: zero };
      const optimizer = createOptimizer("gauss-newton", network.parameters, { form: "gramian", provider, ...damping });
      const before = weights(network);
      for (let k = 0; k < 4; k++) optimizer.step(closure);
      expect(weights(network)).toEqual(before);
    }
  });

  it("puts in more damping where the factorization fails, and leaves the weights where nothing helps", () => {
    const { network, curvature, closure } = problem("perceptron");
    // 21 rows of which at most 14 are independent, as those of one example are dependent.
    const provider = {
      outputs: 3,
      jacobian: () => Matrix.zeros(0, 0),
      rows: (...[fisher, most]: Parameters<NonNullable<typeof curvature.rows>>) => curvature.rows!(fisher, most),
    };
    const optimizer = createOptimizer("gauss-newton", network.parameters, {
      form: "gramian",
      fisher: "exact",
      damping: 0,
      lr: 1e-6,
      provider,
      record: true,
    });
    optimizer.step(closure);
    expect(optimizer.diagnostics.retries).toBe(1);
    expect(optimizer.diagnostics.records[0]).toMatchObject({ layer: "all", solver: "gramian", dim: 21, keptOld: false });
    expect(optimizer.diagnostics.records[0]!.damping).toBeGreaterThan(0);

    const broken = { ...provider, rows: () => ({ ...rowsOf(curvature), gramian: () => Matrix.zeros(21, 21).fill(Number.NaN) }) };
    const before = weights(network);
    const other = createOptimizer("gauss-newton", network.parameters, {
      form: "gramian",
      fisher: "exact",
      momentum: 0.9,
      provider: broken,
    });
    other.step(closure);
    other.step(closure);
    expect(weights(network)).toEqual(before);
    expect(other.diagnostics).toMatchObject({ keptOld: 2, nonFiniteStatistics: 2 });
    expect(() => other.step(closure)).toThrow(/Gramian of 21 rows could not be inverted 3 times in a row/);
  });
});

/** The methods of the rows, which are a class's. */
function rowsOf(curvature: NetworkCurvature) {
  const rows = curvature.rows!("exact", 1000);
  return {
    count: rows.count,
    scale: rows.scale,
    gramian: () => rows.gramian(),
    times: (v: Matrix<Real>) => rows.times(v),
    transposeTimes: (u: Matrix<Real>) => rows.transposeTimes(u),
  };
}
