import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Matrix } from "../../lib/linalg/matrix.js";
import { createOptimizer, findMethod, methodIds, type Parameter, type Statistic } from "../../lib/optim/index.js";
import { layerStep, trajectory } from "./helpers.js";

const golden = JSON.parse(readFileSync(new URL("../fixtures/steps.json", import.meta.url), "utf8")).deterministic;

interface Trainable {
  name: string;
  value: Matrix;
  gradient: Matrix;
  inputs?: Statistic<Float64Array>;
  outputGradients?: Statistic<Float64Array>;
}

function weight(value: number[][]): Trainable {
  const w = Matrix.from(value);
  return { name: "w", value: w, gradient: Matrix.zeros(w.rows, w.cols) };
}

function close(got: Matrix, want: number[][]): void {
  const expected = Matrix.from(want);
  expect([got.rows, got.cols]).toEqual([expected.rows, expected.cols]);
  expected.data.forEach((x, i) => {
    expect(Math.abs(got.data[i]! - x), `element ${i}: ${got.data[i]} instead of ${x}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(x)));
  });
}

function run(
  id: string,
  start: number[][],
  gradients: number[][][],
  options: Record<string, unknown>,
  check: (step: number, w: Matrix, optimizer: ReturnType<typeof createOptimizer>) => void,
): void {
  const parameter = weight(start);
  const optimizer = createOptimizer(id, [parameter as Parameter], options);
  gradients.forEach((g, t) => {
    parameter.gradient.copy(Matrix.from(g));
    optimizer.step();
    check(t, parameter.value, optimizer);
  });
}

/** The matrices under a path of the state of parameter w. */
function entry(optimizer: ReturnType<typeof createOptimizer>, ...path: string[]): Matrix {
  let at: unknown = optimizer.state().parameters.w!.stages;
  for (const key of path) at = (at as Record<string, unknown>)[key];
  return at as Matrix;
}

describe("golden steps, computed in numpy", () => {
  it("AdamW", () => {
    const g = golden.adamw_step;
    run("adamw", g.W, g.grads, { lr: g.lr, beta1: g.b1, beta2: g.b2, epsilon: g.eps, decay: g.wd }, (t, w, optimizer) => {
      close(w, g.steps[t].W);
      close(entry(optimizer, "0:adam", "m"), g.steps[t].m);
      close(entry(optimizer, "0:adam", "v"), g.steps[t].v);
    });
  });

  it("KFAC, plain damping", () => {
    const g = golden.kfac_step;
    const parameter = weight(g.W);
    parameter.gradient.copy(Matrix.from(g.grad));
    parameter.inputs = { samples: Matrix.from(g.X) };
    parameter.outputGradients = { samples: Matrix.from(g.dZ) };
    createOptimizer("kfac", [parameter], { lr: g.lr, damping: g.damping, split: "plain", momentum: 0 }).step();
    close(parameter.value, g.out_plain);
  });

  it("stylised KFAC, alternating over two layers", () => {
    const g = golden.stylised_two_layer_kfac;
    const G = weight(g.G);
    G.gradient.copy(Matrix.from(g.grad_G));
    G.inputs = { samples: Matrix.from(g.X) };
    const F = Matrix.from(g.F);
    const FtF = Matrix.zeros(2, 2);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 2; j++) for (let k = 0; k < 3; k++) FtF.set(i, j, FtF.get(i, j) + F.get(k, i) * F.get(k, j));
    G.outputGradients = { moment: FtF };
    createOptimizer("kfac-stylised", [G], { lr: g.eta_G, damping: g.lam_G }).step();
    close(G.value, g.G_plus);

    const X = Matrix.from(g.X);
    const Z = Matrix.zeros(X.rows, 2);
    for (let i = 0; i < X.rows; i++)
      for (let j = 0; j < 2; j++) for (let k = 0; k < X.cols; k++) Z.set(i, j, Z.get(i, j) + X.get(i, k) * G.value.get(j, k));
    const second = weight(g.F);
    second.gradient.copy(Matrix.from(g.grad_F));
    second.inputs = { samples: Z };
    createOptimizer("kfac-stylised", [second], { lr: g.eta_F, damping: g.lam_F }).step();
    close(second.value, g.F_plus);
  });

  for (const [key, options] of [
    ["sum_p4", { statistics: "sum", p: 4 }],
    ["ema0.9_p2", { beta: 0.9, biasCorrection: false, p: 2 }],
  ] as const) {
    const g = golden.shampoo_step;
    it(`Shampoo, ${key}`, () => {
      run("shampoo", g.W, g.grads, { lr: 0.1, damping: 1e-3, relativeTo: null, ...options }, (t, w, optimizer) => {
        close(w, g.steps[key][t].W);
        close(entry(optimizer, "0:kronecker", "left", "moment"), g.steps[key][t].L);
        close(entry(optimizer, "0:kronecker", "right", "moment"), g.steps[key][t].R);
      });
    });
  }
});

describe("Kronecker factor averages", () => {
  const g = golden.kronecker_factor_ema;
  it("from zero, raw and bias corrected", () => {
    const samples = Matrix.from(g.X[0]);
    const parameter = { ...weight([[0, 0, 0]]), inputs: { samples } };
    const optimizer = createOptimizer("kfac-stylised", [parameter], { statistics: "ema", beta: g.beta, damping: 1 });
    g.X.forEach((x: number[][], t: number) => {
      samples.copy(Matrix.from(x));
      optimizer.step();
      const state = entry(optimizer, "0:kronecker", "right") as unknown as { moment: Matrix; weight: number };
      close(state.moment, g.zero_start[t].raw);
      const corrected = state.moment.clone();
      corrected.data.forEach((m, i) => {
        corrected.data[i] = m / state.weight;
      });
      close(corrected, g.zero_start[t].bias_corrected);
    });
  });
});

describe("golden steps of the rotated and orthogonalised methods", () => {
  it("SOAP with exact bases", () => {
    const g = golden.soap_step;
    const options = {
      lr: g.lr,
      beta1: g.b1,
      beta2: g.b2,
      beta: g.shampoo_beta,
      epsilon: g.eps,
      decay: g.wd,
      every: 1,
      basis: "eigh",
      transport: "none",
    };
    run("soap", g.W, [g.g0, g.g1, g.g2], options, (t, w, optimizer) => {
      if (t === 0) return close(w, g.W);
      close(w, g.steps.eigh[t - 1].W);
      close(entry(optimizer, "0:inEigenbasis", "left", "moment"), g.steps.eigh[t - 1].L);
      close(entry(optimizer, "0:inEigenbasis", "right", "moment"), g.steps.eigh[t - 1].R);
    });
  });

  for (const g of golden.muon_step.cases) {
    for (const [key, nesterov, decay] of [
      ["nesterov_wd0p1", true, 0.1],
      ["plain_wd0", false, 0],
    ] as const) {
      it(`Muon, ${g.name}, ${key}`, () => {
        const parameter = weight(g.W);
        parameter.gradient.copy(Matrix.from(g.g));
        const optimizer = createOptimizer("muon", [parameter as Parameter], { lr: g.lr, momentum: g.beta, nesterov, decay });
        const state = optimizer.state();
        (state.parameters.w!.stages as never as { "0:momentum": { m: Matrix } })["0:momentum"].m.copy(Matrix.from(g.m));
        optimizer.load(state);
        optimizer.step();
        close(parameter.value, g[key].W);
        close(entry(optimizer, "0:momentum", "m"), g[key].m);
      });
    }
  }
});

describe("steps computed in numpy by test/fixtures/optimizers.py", () => {
  const data = JSON.parse(readFileSync(new URL("../fixtures/optimizers.json", import.meta.url), "utf8"));
  it("cover every method that is a chain", () => {
    const covered = new Set(data.cases.map(({ method }: { method: string }) => method));
    expect(methodIds().filter((id) => !findMethod(id).create && !covered.has(id))).toEqual([]);
  });

  for (const { method, options, layer, steps } of data.cases) {
    it(`${method} ${JSON.stringify(options)}`, () => {
      const given = data.gradients.map((gradient: number[][], t: number) =>
        layer ? layerStep(Matrix.from(data.inputs[t]), Matrix.from(data.outputGradients[t])) : { gradient: Matrix.from(gradient) },
      );
      trajectory(method, Matrix.from(data.W), given, options).forEach((w, t) => {
        close(w, steps[t]);
      });
    });
  }
});
