import { describe, expect, it } from "vitest";
import { cholesky, choleskySolve, gemm, Matrix } from "../../lib/linalg/index.js";
import { adaptDamping, type CurvatureProvider, createOptimizer, strongWolfe } from "../../lib/optim/index.js";
import { Pairs } from "../../lib/optim/quasi-newton.js";
import { distance, generator, weight } from "./helpers.js";

/** Linear regression Y ≈ X Wᵀ, loss ½ mean ‖·‖², with everything Gauss-Newton asks for. */
function regression(seed: number, n = 30, d = 4, dy = 2) {
  const g = generator(seed);
  const x = g.matrix(n, d);
  const y = g.matrix(n, dy);
  const w = weight(g.matrix(dy, d));
  const residual = () => {
    const r = gemm(x, w.value.T);
    for (let i = 0; i < r.data.length; i++) r.data[i]! -= y.data[i]!;
    return r;
  };
  const closure = () => {
    const r = residual();
    gemm(r.T, x, { out: w.gradient, alpha: 1 / n });
    return r.data.reduce((sum, v) => sum + v * v, 0) / (2 * n);
  };
  const jacobian = Matrix.zeros(n * dy, dy * d);
  for (let i = 0; i < n; i++) for (let c = 0; c < dy; c++) for (let j = 0; j < d; j++) jacobian.set(i * dy + c, c * d + j, x.get(i, j));
  const provider: CurvatureProvider = { outputs: dy, jacobian: () => jacobian, outputGradients: residual };
  return {
    ...{ w, closure, provider, x, n, d, dy },
    /** Of the least squares, where there is only one. */
    get solution() {
      return choleskySolve(cholesky(gemm(x.T, x)), gemm(x.T, y));
    },
  };
}

describe("gauss-newton", () => {
  it("one undamped step solves linear least squares", () => {
    const { w, closure, provider, solution } = regression(1);
    createOptimizer("gauss-newton", [w], { damping: 0, provider }).step(closure);
    expect(distance(w.value, gemm(solution.T, Matrix.identity(4)))).toBeLessThan(1e-10);
  });

  it("damping relative to the trace is that of C", () => {
    const [a, b] = [regression(2), regression(2)];
    const mean = gemm(a.x.T, a.x, { alpha: 1 / a.n });
    const unit = (mean.get(0, 0) + mean.get(1, 1) + mean.get(2, 2) + mean.get(3, 3)) / 4;
    createOptimizer("gauss-newton", [a.w], { damping: 0.1, relativeTo: "trace", provider: a.provider }).step(a.closure);
    createOptimizer("gauss-newton", [b.w], { damping: 0.1 * unit, provider: b.provider }).step(b.closure);
    expect(distance(a.w.value, b.w.value)).toBeLessThan(1e-12);
    expect(() => createOptimizer("gauss-newton", [a.w], { adaptive: true, relativeTo: "trace", provider: a.provider })).toThrow(
      /"adaptive"/,
    );
  });

  it("an identity output Hessian given explicitly is the default", () => {
    const a = regression(2);
    const b = regression(2);
    const identity = Matrix.zeros(a.n * 2, 2);
    for (let i = 0; i < a.n; i++) for (let c = 0; c < 2; c++) identity.set(2 * i + c, c, 1);
    createOptimizer("gauss-newton", [a.w], { damping: 0.1, provider: a.provider }).step(a.closure);
    createOptimizer("gauss-newton", [b.w], { damping: 0.1, provider: { ...b.provider, outputHessian: () => identity } }).step(b.closure);
    expect(distance(a.w.value, b.w.value)).toBeLessThan(1e-12);
  });

  it("KFAC is Gauss-Newton for one layer", () => {
    const a = regression(3, 30, 4, 1);
    const b = regression(3, 30, 4, 1);
    createOptimizer("gauss-newton", [a.w], { damping: 0, provider: a.provider }).step(a.closure);
    Object.assign(b.w, { inputs: { samples: b.x }, outputGradients: { moment: Matrix.identity(1) } });
    createOptimizer("kfac", [b.w], { lr: 1, damping: 0, momentum: 0 }).step(b.closure);
    expect(distance(a.w.value, b.w.value)).toBeLessThan(1e-10);
  });

  it("the empirical Fisher is the mean outer product of per-example gradients", () => {
    const { w, closure, provider, x, n, dy, d } = regression(4);
    closure();
    const before = w.value.clone();
    const gradient = w.gradient.clone();
    const delta = provider.outputGradients!("empirical");
    const c = Matrix.zeros(dy * d, dy * d);
    for (let i = 0; i < n; i++) {
      const g = gemm(delta.row(i).T, x.row(i));
      for (let p = 0; p < dy * d; p++) for (let q = 0; q < dy * d; q++) c.set(p, q, c.get(p, q) + (g.data[p]! * g.data[q]!) / n);
    }
    for (let p = 0; p < dy * d; p++) c.set(p, p, c.get(p, p) + 0.05);
    const step = choleskySolve(cholesky(c), new Matrix(gradient.data, dy * d, 1));
    createOptimizer("gauss-newton", [w], { damping: 0.05, fisher: "empirical", provider }).step();
    const expected = before.clone();
    for (let p = 0; p < dy * d; p++) expected.data[p]! -= step.data[p]!;
    expect(distance(w.value, expected)).toBeLessThan(1e-10);
  });

  it("Levenberg–Marquardt: on a quadratic the model is exact and the damping falls", () => {
    const { w, closure, provider } = regression(5);
    const optimizer = createOptimizer("gauss-newton", [w], { damping: 1, adaptive: true, omega: 0.5, provider });
    for (let t = 0; t < 4; t++) optimizer.step(closure);
    expect(optimizer.state().shared.lambda).toBeCloseTo(1 / 16, 12);
    expect(() => createOptimizer("gauss-newton", [w], { adaptive: true, provider }).step()).toThrow(/closure/);
  });

  describe("a step that raises the loss", () => {
    /** ½ atan(w)²: from |w| > 1.39 undamped Gauss-Newton steps grow without end. */
    const arctangent = (options: Record<string, unknown>) => {
      const w = weight(Matrix.from([[3]]));
      const jacobian = Matrix.zeros(1, 1);
      const closure = () => {
        const x = w.value.data[0]!;
        jacobian.data[0] = 1 / (1 + x * x);
        w.gradient.data[0] = Math.atan(x) / (1 + x * x);
        return 0.5 * Math.atan(x) ** 2;
      };
      const provider: CurvatureProvider = { outputs: 1, jacobian: () => jacobian };
      return {
        w,
        closure,
        optimizer: createOptimizer("gauss-newton", [w], { adaptive: true, damping: 1e-6, omega: 0.5, provider, ...options }),
      };
    };

    it("is taken back to the bit, with four times the damping and no momentum", () => {
      const { w, closure, optimizer } = arctangent({ momentum: 0.9, average: 0.5 });
      optimizer.step(closure);
      expect(w.value.data[0]).toBe(3);
      expect(optimizer.diagnostics.rejectedSteps).toBe(1);
      const { shared, parameters } = optimizer.state();
      expect(shared.lambda).toBeCloseTo(4e-6, 15);
      const stages = parameters.all!.stages as unknown as { "1:momentum": { m: Matrix; t: number } };
      expect([stages["1:momentum"].m.data[0], stages["1:momentum"].t]).toEqual([0, 0]);
      expect(optimizer.averaged("w")!.data[0]).toBe(3);
    });

    it("so that the loss falls to the minimum, which it does not without", () => {
      const losses = (options: Record<string, unknown>) => {
        const { closure, optimizer } = arctangent(options);
        return Array.from({ length: 40 }, () => {
          optimizer.step(closure);
          return closure();
        });
      };
      const kept = losses({ reject: true });
      for (let t = 1; t < kept.length; t++) expect(kept[t]!).toBeLessThanOrEqual(kept[t - 1]!);
      expect(kept.at(-1)!).toBeLessThan(1e-12);
      expect(losses({ reject: false })[0]!).toBeGreaterThan(0.5 * Math.atan(3) ** 2);
    });

    it("is the same after a checkpoint between two rejections", () => {
      const a = arctangent({});
      const b = arctangent({});
      a.optimizer.step(a.closure);
      b.optimizer.load(a.optimizer.state());
      for (let t = 0; t < 12; t++) for (const { optimizer, closure } of [a, b]) optimizer.step(closure);
      expect(b.w.value.data[0]).toBe(a.w.value.data[0]);
      expect(a.optimizer.diagnostics.rejectedSteps).toBeGreaterThan(2);
    });
  });

  it("refuses more weights than a curvature matrix can have, saying how large it would be", () => {
    const w = weight(Matrix.zeros(2, 20_000));
    const { provider } = regression(6);
    expect(() => createOptimizer("gauss-newton", [w], { provider })).toThrow(
      /the curvature of 40000 weights is a matrix of 12 GiB.*at most 32768/,
    );
  });

  it.each(["exact", "empirical"] as const)("does not depend on orthogonal bases of inputs and outputs, %s", (fisher) => {
    const [a, b] = [regression(9), regression(9)];
    const [u, v] = [generator(10).orthogonal(a.dy), generator(11).orthogonal(a.d)];
    const turned = (w: Matrix) => gemm(gemm(u, w), v.T);
    // The same examples in other coordinates: x → V x, outputs → U y, W → U W Vᵀ.
    b.w.value.copy(turned(a.w.value));
    const jacobian = Matrix.zeros(a.n * a.dy, a.dy * a.d);
    const x = gemm(a.x, v.T);
    for (let i = 0; i < a.n; i++)
      for (let c = 0; c < a.dy; c++) for (let j = 0; j < a.d; j++) jacobian.set(i * a.dy + c, c * a.d + j, x.get(i, j));
    const provider: CurvatureProvider = {
      outputs: a.dy,
      jacobian: () => jacobian,
      outputGradients: () => gemm(a.provider.outputGradients!("empirical"), u.T),
    };
    const options = { damping: 0.1, fisher, momentum: 0.5 };
    const plain = createOptimizer("gauss-newton", [a.w], { ...options, provider: a.provider });
    const other = createOptimizer("gauss-newton", [b.w], { ...options, provider });
    for (let t = 0; t < 4; t++) {
      a.closure();
      b.w.gradient.copy(turned(a.w.gradient));
      // The other first: it asks for the output gradients at the weights of both.
      other.step();
      plain.step();
      expect(distance(b.w.value, turned(a.w.value))).toBeLessThan(1e-11);
    }
  });

  it("refuses a Jacobian of another shape and a missing provider, by name", () => {
    const { w, provider } = regression(6);
    const jacobian = () => Matrix.zeros(4, 3);
    expect(() => createOptimizer("gauss-newton", [w], { provider: { ...provider, jacobian } }).step()).toThrow(/8 columns.*4×3/);
    expect(() => createOptimizer("gauss-newton", [w])).toThrow(/provider/);
  });
});

describe("the rule of Levenberg and Marquardt", () => {
  const rule = { omega: 0.5, period: 3, min: 1e-2, max: 100, reject: false };
  it.each([
    ["less damping by ω^period where the model is good", 0.8, rule, 1 / 8],
    ["the same in between", 0.75, rule, 1],
    ["the same in between", 0.25, rule, 1],
    ["more where it is bad", 0.2, rule, 8],
    ["more where the loss rose", -1, rule, 8],
    ["more where the loss is not finite", Number.NaN, rule, 8],
    ["at least four times as much for a step that is taken back", -1, { ...rule, period: 1, reject: true }, 4],
    ["twice as much for a bad one that stays", 0.1, { ...rule, period: 1, reject: true }, 2],
    ["no less than the least", 1, { ...rule, period: 9 }, 1e-2],
    ["no more than the most", 0, { ...rule, period: 9 }, 100],
  ])("%s: ρ = %f", (_, rho, given, lambda) => {
    expect(adaptDamping(1, rho, given)).toBe(lambda);
  });
});

describe("adaptive KFAC", () => {
  it("lowers the damping while the quadratic model predicts the decrease", () => {
    const { w, closure, x } = regression(7, 30, 4, 1);
    Object.assign(w, { inputs: { samples: x }, outputGradients: { moment: Matrix.identity(1) } });
    const optimizer = createOptimizer("kfac", [w], { lr: 1, damping: 1, momentum: 0, adaptive: true, period: 1, omega: 0.5 });
    const losses = [closure()];
    for (let t = 0; t < 5; t++) {
      optimizer.step(closure);
      losses.push(closure());
    }
    expect(optimizer.state().shared.lambda as number).toBeLessThan(0.1);
    for (let t = 1; t < losses.length; t++) expect(losses[t]!).toBeLessThan(losses[t - 1]!);
  });

  it("wants a closure at every step, before anything changes", () => {
    const { w, x } = regression(7, 30, 4, 1);
    Object.assign(w, { inputs: { samples: x }, outputGradients: { moment: Matrix.identity(1) } });
    const optimizer = createOptimizer("kfac", [w], { adaptive: true });
    const before = w.value.clone();
    expect(() => optimizer.step()).toThrow(/adaptive damping: step\(closure\) needs a closure/);
    expect([optimizer.state().t, w.value.toArrays()]).toEqual([0, before.toArrays()]);
  });

  it("judges the whole step: a vector, which Adam updates, enters the model by its slope", () => {
    // f = ½ a‖w‖² + b·v, so the reduction is known.
    const run = (vectorLr: number, predicted: number) => {
      const w = weight(Matrix.from([[1, 1]]));
      const v = weight(Matrix.from([[1, 1]]), "v");
      Object.assign(w, { inputs: { samples: Matrix.identity(2) }, outputGradients: { moment: Matrix.identity(1) } });
      // A = ½ I and B = 1 from one batch: U = G / ((½ + π√λ)(1 + √λ/π)), π = √½, λ = ½: (½ + ½)(1 + 1) = 2.
      const options = { lr: 1, damping: 0.5, momentum: 0, statistics: "batch", adaptive: true, period: 1, omega: 0.5, vectorLr } as const;
      w.gradient.fill(2);
      v.gradient.fill(1);
      const optimizer = createOptimizer("kfac", [w, v], options);
      // q = −⟨G, U⟩ + ½ ⟨U, (½ + λ) U⟩ − ηᵥ · 2, the first step of Adam being ± ηᵥ: −4 + 1 − 2ηᵥ.
      let loss = 0;
      optimizer.step(() => {
        const now = loss;
        loss += predicted;
        return now;
      });
      return optimizer.state().shared.lambda;
    };
    for (const vectorLr of [1e-3, 0.5]) {
      const q = -3 - 2 * vectorLr;
      expect(run(vectorLr, 0.76 * q)).toBe(0.25);
      expect(run(vectorLr, 0.74 * q)).toBe(0.5);
      expect(run(vectorLr, 0.26 * q)).toBe(0.5);
      expect(run(vectorLr, 0.24 * q)).toBe(1);
    }
  });

  it("with reject: refreshes at once with the new damping, whatever the interval", () => {
    const { w, closure, x } = regression(7, 30, 4, 1);
    // An output moment ten times too small: steps overshoot tenfold until λ makes up for it.
    Object.assign(w, { inputs: { samples: x }, outputGradients: { moment: Matrix.from([[0.1]]) } });
    const options = { lr: 1, damping: 1e-6, momentum: 0, adaptive: true, period: 1, every: 1000 };
    const run = (reject: boolean) => {
      w.value.fill(0);
      const optimizer = createOptimizer("kfac", [w], { ...options, reject });
      const losses = Array.from({ length: 30 }, () => {
        optimizer.step(closure);
        return closure();
      });
      return { losses, rejected: optimizer.diagnostics.rejectedSteps };
    };
    const kept = run(true);
    expect(kept.rejected).toBeGreaterThan(1);
    for (let t = 1; t < kept.losses.length; t++) expect(kept.losses[t]!).toBeLessThanOrEqual(kept.losses[t - 1]!);
    expect(kept.losses.at(-1)!).toBeLessThan(kept.losses[0]!);
    expect(run(false).losses[0]!).toBeGreaterThan(kept.losses[0]!);
  });
});

describe("lbfgs", () => {
  it("steps along the dense BFGS direction to a point that satisfies the strong Wolfe conditions", () => {
    // Rosenbrock's function in six dimensions.
    const n = 6;
    const w = { name: "w", value: Matrix.from([[-1.2, 1, -1.2, 1, -1.2, 1]]), gradient: Matrix.zeros(1, n) };
    const calls: { x: number[]; f: number; g: number[] }[] = [];
    const closure = () => {
      const [x, g] = [w.value.data, w.gradient.data.fill(0)];
      let f = 0;
      for (let i = 0; i + 1 < n; i++) {
        const [a, b] = [x[i + 1]! - x[i]! ** 2, 1 - x[i]!];
        f += 100 * a * a + b * b;
        g[i]! -= 400 * a * x[i]! + 2 * b;
        g[i + 1]! += 200 * a;
      }
      calls.push({ x: [...x], f, g: [...g] });
      return f;
    };
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
    const pairs: { s: number[]; y: number[] }[] = [];
    const optimizer = createOptimizer("lbfgs", [w], { history: 4 });
    for (let t = 0; t < 30; t++) {
      calls.length = 0;
      optimizer.step(closure);
      const from = calls[0]!;
      const to = calls.find(({ x }) => x.every((v, i) => v === w.value.data[i]))!;
      const last = pairs.at(-1);
      const scale = last ? dot(last.s, last.y) / dot(last.y, last.y) : 1;
      let h = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
      for (const { s, y } of pairs.slice(-4)) {
        const rho = 1 / dot(s, y);
        const hy = h.map((row) => dot(row, y));
        h = h.map((row, i) =>
          row.map((v, j) => v - rho * (s[i]! * hy[j]! + hy[i]! * s[j]!) + (rho * rho * dot(y, hy) + rho) * s[i]! * s[j]!),
        );
      }
      const d = h.map((row) => -dot(row, from.g));
      const s = to.x.map((v, i) => v - from.x[i]!);
      const alpha = dot(s, d) / dot(d, d);
      const size = Math.sqrt(dot(s, s));
      s.forEach((v, i) => {
        expect(Math.abs(v - alpha * d[i]!)).toBeLessThan(1e-6 * size);
      });
      expect(to.f).toBeLessThanOrEqual(from.f + 1e-4 * alpha * dot(from.g, d));
      expect(Math.abs(dot(to.g, d))).toBeLessThanOrEqual(-0.9 * dot(from.g, d) * (1 + 1e-9));
      pairs.push({ s, y: to.g.map((v, i) => v - from.g[i]!) });
    }
  });

  it("goes back to where the step began when the closure throws", () => {
    const w = weight(Matrix.from([[1, 2]]));
    let calls = 0;
    const closure = () => {
      if (++calls === 2) throw new Error("no more data");
      w.gradient.copy(w.value);
      return 1;
    };
    const optimizer = createOptimizer("lbfgs", [w]);
    expect(() => optimizer.step(closure)).toThrow("no more data");
    expect([...w.value.data]).toEqual([1, 2]);
  });

  it("shows the closure finite weights, however long the first trial", () => {
    const w = { name: "w", value: Matrix.zeros(1, 1, "float32"), gradient: Matrix.zeros(1, 1, "float32") };
    const seen: number[] = [];
    // ½ (w − 1)² · 1e-20: the first trial is 1e60.
    const closure = () => {
      const x = w.value.data[0]!;
      seen.push(x);
      w.gradient.data[0] = 1e-20 * (x - 1);
      return 0.5e-20 * (x - 1) ** 2;
    };
    const optimizer = createOptimizer("lbfgs", [w], { lr: 1e60, evaluations: 400 });
    for (let t = 0; t < 3; t++) optimizer.step(closure);
    expect(seen.every(Number.isFinite)).toBe(true);
    expect(w.value.data[0]).toBeCloseTo(1, 5);
  });

  it("refuses Wolfe constants out of order", () => {
    expect(() => createOptimizer("lbfgs", [], { armijo: 0.5, curvature: 0.4 })).toThrow(/"armijo" must be below "curvature"/);
    expect(() => createOptimizer("lbfgs", [], { curvature: 1 })).toThrow(/got 0.0001 and 1/);
  });

  it("solves a quadratic of condition 100 to high accuracy", () => {
    const n = 20;
    const w = weight(generator(8).matrix(4, 5));
    const curvature = Array.from({ length: n }, (_, i) => 10 ** ((2 * i) / (n - 1)));
    const closure = () => {
      let loss = 0;
      for (let i = 0; i < n; i++) {
        w.gradient.data[i] = curvature[i]! * w.value.data[i]!;
        loss += 0.5 * curvature[i]! * w.value.data[i]! ** 2;
      }
      return loss;
    };
    const optimizer = createOptimizer("lbfgs", [w], { history: 20 });
    for (let t = 0; t < 80; t++) optimizer.step(closure);
    expect(closure()).toBeLessThan(1e-15);
  });

  it.each([3, 5, 9])("its direction is −H g, H by the dense BFGS formula over the last five of %i pairs", (count) => {
    const n = 6;
    const g = generator(count);
    const pairs = new Pairs(5, n, new Float64Array(0));
    const kept: [Matrix, Matrix][] = [];
    const spd = gemm(g.matrix(n, n), g.matrix(n, n));
    const curvature = gemm(spd, spd.T);
    for (let k = 0; k < count; k++) {
      const direction = g.matrix(n, 1);
      const alpha = 0.5 + g.uniform();
      const s = gemm(direction, Matrix.identity(1), { alpha });
      const y = gemm(curvature, s);
      const before = g.matrix(n, 1).data;
      pairs.remember(
        alpha,
        direction.data,
        before,
        before.map((x, i) => x + y.data[i]!),
      );
      kept.push([s, y]);
    }
    const last = kept.slice(-5);
    const dot = (a: Matrix, b: Matrix) => gemm(a.T, b).data[0]!;
    const [sLast, yLast] = last.at(-1)!;
    // H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ (Nocedal & Wright 2006, eq. 7.16), from (sᵀy / yᵀy) I.
    let h = gemm(Matrix.identity(n), Matrix.identity(n), { alpha: dot(sLast, yLast) / dot(yLast, yLast) });
    for (const [s, y] of last) {
      const rho = 1 / dot(y, s);
      const left = gemm(s, y.T, { alpha: -rho, beta: 1, out: Matrix.identity(n) });
      h = gemm(s, s.T, { alpha: rho, beta: 1, out: gemm(gemm(left, h), left.T) });
    }
    const gradient = g.matrix(n, 1);
    const d = new Float64Array(n);
    pairs.descend(gradient.data, d);
    expect(distance(new Matrix(d, n, 1), gemm(h, gradient, { alpha: -1 }))).toBeLessThan(1e-9);
  });

  it("descends Rosenbrock's valley, over two parameters", () => {
    const a = weight(Matrix.from([[-1.2]]), "a");
    const b = weight(Matrix.from([[1]]), "b");
    const closure = () => {
      const [x, y] = [a.value.data[0]!, b.value.data[0]!];
      a.gradient.data[0] = -400 * x * (y - x * x) - 2 * (1 - x);
      b.gradient.data[0] = 200 * (y - x * x);
      return 100 * (y - x * x) ** 2 + (1 - x) ** 2;
    };
    const optimizer = createOptimizer("lbfgs", [a, b]);
    let loss = closure();
    for (let t = 0; t < 60; t++) {
      optimizer.step(closure);
      const next = closure();
      expect(next).toBeLessThanOrEqual(loss);
      loss = next;
    }
    expect(Math.abs(a.value.data[0]! - 1)).toBeLessThan(1e-8);
  });

  it("leaves the weights alone when no step decreases the loss, and counts it", () => {
    const w = weight(Matrix.from([[1, 2]]));
    const optimizer = createOptimizer("lbfgs", [w]);
    let calls = 0;
    optimizer.step(() => {
      w.gradient.fill(1); // a gradient that lies: the loss grows along −g
      return calls++;
    });
    expect([...w.value.data]).toEqual([1, 2]);
    expect(optimizer.diagnostics.rejectedUpdates).toBe(2);
  });

  it("wants a closure, and refuses what a line search cannot honour", () => {
    const w = weight(Matrix.from([[1]]));
    expect(() => createOptimizer("lbfgs", [w]).step()).toThrow(/closure/);
    expect(() => createOptimizer("lbfgs", [w], { decay: 0.1 })).toThrow(/decay/);
  });

  it("the line search meets the strong Wolfe conditions", () => {
    const functions: [(a: number) => number, (a: number) => number][] = [
      [(a) => (a - 3) ** 2, (a) => 2 * (a - 3)],
      [(a) => -a / (a * a + 2), (a) => (a * a - 2) / (a * a + 2) ** 2], // Moré & Thuente 1994, eq. 5.1
      [(a) => Math.cosh(a - 50) / 1e20, (a) => Math.sinh(a - 50) / 1e20],
      [(a) => (a > 4 ? Number.NaN : Math.exp(-a)), (a) => -Math.exp(-a)],
    ];
    for (const [f, df] of functions) {
      for (const first of [1e-3, 1, 100]) {
        const options = { first, armijo: 1e-4, curvature: 0.9, evaluations: 60 };
        let last = Number.NaN;
        const alpha = strongWolfe(
          (a) => {
            last = a;
            return { value: f(a), slope: df(a) };
          },
          { value: f(0), slope: df(0) },
          options,
        );
        expect(alpha).toBeGreaterThan(0);
        expect(last).toBe(alpha);
        expect(f(alpha)).toBeLessThanOrEqual(f(0) + 1e-4 * alpha * df(0));
        expect(Math.abs(df(alpha))).toBeLessThanOrEqual(0.9 * Math.abs(df(0)));
      }
    }
  });
});

describe.each(["gauss-newton", "lbfgs"])("%s meets bad input", (id) => {
  /** ½ mean ‖W x − y‖² over two weights side by side, both 1×n and n×1 in their turn. */
  function problem(seed = 11) {
    const { w, closure, provider } = regression(seed, 30, 4, 1);
    const spoilt = { gradient: null as number | null, loss: null as number | null };
    const bad = () => {
      const loss = closure();
      if (spoilt.gradient !== null) w.gradient.data[1] = spoilt.gradient;
      return spoilt.loss ?? loss;
    };
    const options = id === "gauss-newton" ? { provider } : {};
    return { w, closure: bad, clean: closure, spoilt, options };
  }
  const data = (w: { value: Matrix }) => Array.from(w.value.data);

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("a gradient with %s changes nothing and is counted", (x) => {
    const { w, closure, clean, spoilt, options } = problem();
    const optimizer = createOptimizer(id, [w], options);
    optimizer.step(closure);
    const before = data(w);
    spoilt.gradient = x;
    optimizer.step(closure);
    expect(data(w)).toEqual(before);
    expect(optimizer.diagnostics.nonFiniteGradients).toBe(1);
    expect(() => createOptimizer(id, [w], { ...options, nonFinite: "throw" }).step(closure)).toThrow(new RegExp(`${id}.*(NaN|not finite)`));
    spoilt.gradient = null;
    const loss = clean();
    optimizer.step(closure);
    expect(clean()).toBeLessThan(loss);
  });

  it("a zero gradient leaves the weight, and training goes on", () => {
    const { w, closure, clean, options } = problem();
    const before = data(w);
    const optimizer = createOptimizer(id, [w], options);
    optimizer.step(() => {
      closure();
      w.gradient.fill(0);
      return 1;
    });
    expect(data(w)).toEqual(before);
    const loss = clean();
    optimizer.step(closure);
    expect(clean()).toBeLessThan(loss);
  });

  it("a parameter without a gradient is left alone, the others move", () => {
    const { w, closure, options } = problem();
    const half = (from: number) => new Matrix(w.value.data, 1, 2, 2, from);
    const slope = (from: number) => new Matrix(w.gradient.data, 1, 2, 2, from);
    const still = { name: "still", value: half(0), gradient: null };
    const moving = { name: "moving", value: half(2), gradient: slope(2) };
    const before = data(w);
    const optimizer = createOptimizer(id, [still, moving], options);
    optimizer.step(closure);
    expect(data(w).slice(0, 2)).toEqual(before.slice(0, 2));
    expect(data(w).slice(2)).not.toEqual(before.slice(2));
    expect(optimizer.diagnostics.missingGradients).toBe(1);
  });

  it.each([1e150, 1e-160])("gradients times %f leave the weights finite", (scale) => {
    const { w, clean, options } = problem();
    const optimizer = createOptimizer(id, [w], options);
    for (let t = 0; t < 3; t++) {
      optimizer.step(() => {
        const loss = clean();
        for (let i = 0; i < 4; i++) w.gradient.data[i]! *= scale;
        return loss * scale;
      });
      expect(data(w).every(Number.isFinite)).toBe(true);
    }
  });

  it("a rank-one problem of one row", () => {
    const { w, closure: clean, provider } = regression(12, 1, 4, 1);
    const options = id === "gauss-newton" ? { provider } : {};
    const optimizer = createOptimizer(id, [w], options);
    for (let t = 0; t < 20; t++) optimizer.step(clean);
    expect(clean()).toBeLessThan(1e-6);
    expect(data(w).every(Number.isFinite)).toBe(true);
  });
});
