import { describe, expect, it } from "vitest";
import { gemm, Matrix } from "../../lib/linalg/index.js";
import {
  Background,
  createOptimizer,
  Diagnostics,
  Factor,
  findMethod,
  inverseRootSolver,
  methodIds,
  methodShape,
  type Solver,
} from "../../lib/optim/index.js";
import { distance, feed, generator, layerStep, type Step, stageState, weight } from "./helpers.js";

const chained = methodIds().filter((id) => !findMethod(id).create);

/** Steps of ordinary gradients with statistics, of one shape. */
function ordinary(seed: number, m: number, n: number, count: number): Step[] {
  const g = generator(seed);
  return Array.from({ length: count }, () => layerStep(g.matrix(8, n), g.matrix(8, m)));
}

function train(id: string, steps: readonly Step[], options: Record<string, unknown> = {}) {
  const parameter = weight(generator(99).matrix(steps[0]!.gradient.rows, steps[0]!.gradient.cols));
  feed(parameter, steps[0]!);
  const optimizer = createOptimizer(id, [parameter], options);
  for (const step of steps) {
    feed(parameter, step);
    optimizer.step();
  }
  return { parameter, optimizer };
}

const finite = (a: Matrix) => a.data.every(Number.isFinite);

describe.each(chained)("%s", (id) => {
  it.each([
    ["zero", 0],
    ["rank one", 1],
  ])("%s gradients leave the weights finite, then ordinary ones move them", (_name, rank) => {
    const g = generator(1);
    const poor = Array.from({ length: 5 }, () => layerStep(g.matrix(rank, 3), g.matrix(rank, 4))).map((step) =>
      rank === 0 ? { gradient: Matrix.zeros(4, 3), inputs: Matrix.zeros(8, 3), outputGradients: Matrix.zeros(8, 4) } : step,
    );
    const { parameter, optimizer } = train(id, poor);
    expect(finite(parameter.value)).toBe(true);
    const before = parameter.value.clone();
    for (const step of ordinary(2, 4, 3, 2)) {
      feed(parameter, step);
      optimizer.step();
    }
    expect(finite(parameter.value)).toBe(true);
    expect(distance(parameter.value, before)).toBeGreaterThan(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("a gradient with %s changes nothing and is counted", (bad) => {
    const steps = ordinary(3, 4, 3, 4);
    const spoilt = steps[2]!.gradient.clone();
    spoilt.set(1, 1, bad);
    const { parameter, optimizer } = train(id, steps.slice(0, 2));
    const state = JSON.stringify(optimizer.state());
    const before = parameter.value.clone();
    feed(parameter, { ...steps[2]!, gradient: spoilt });
    optimizer.step();
    expect(distance(parameter.value, before)).toBe(0);
    expect(optimizer.diagnostics.nonFiniteGradients).toBe(1);
    // Only the step counter moved.
    expect(JSON.stringify({ ...optimizer.state(), t: 2 })).toBe(state);
    feed(parameter, steps[3]!);
    optimizer.step();
    expect(finite(parameter.value)).toBe(true);
    expect(() => train(id, [{ ...steps[2]!, gradient: spoilt }], { nonFinite: "throw" })).toThrow(/"w"/);
  });

  it.each([
    [1, 6],
    [6, 1],
    [1, 1],
  ])("trains a %i×%i weight", (m, n) => {
    const { parameter, optimizer } = train(id, ordinary(4, m, n, 3));
    expect(finite(parameter.value)).toBe(true);
    expect(optimizer.diagnostics.keptOld).toBe(0);
  });

  it("leaves a parameter without a gradient alone, and trains the others", () => {
    const [step] = ordinary(5, 4, 3, 1);
    const still = { ...weight(generator(6).matrix(4, 3), "still"), gradient: null, inputs: { samples: step!.inputs! } };
    const moving = weight(generator(6).matrix(4, 3), "moving");
    feed(moving, step!);
    const start = still.value.clone();
    const optimizer = createOptimizer(id, [still, moving], { decay: 0.1 });
    optimizer.step();
    optimizer.step();
    expect(distance(still.value, start)).toBe(0);
    expect(distance(moving.value, start)).toBeGreaterThan(0);
    expect(optimizer.diagnostics.missingGradients).toBe(2);
  });

  it.each([
    [4096, 2],
    [2, 4096],
  ])("trains a %i×%i weight without a matrix of the long side", (m, n) => {
    // Methods whose roots are cheap take sides of 4096 by default; here they are to leave them alone as well.
    const options = "maxDim" in methodShape(findMethod(id)) ? { maxDim: 2048 } : {};
    const { parameter, optimizer } = train(id, ordinary(11, m, n, 3), options);
    expect(finite(parameter.value)).toBe(true);
    expect(distance(parameter.value, generator(99).matrix(m, n))).toBeGreaterThan(0);
    expect(optimizer.diagnostics).toMatchObject({ keptOld: 0, rejectedUpdates: 0, nonFiniteStatistics: 0 });
    // A handful of buffers of the weight's size.
    expect(optimizer.memory().w!).toBeLessThan(8 * 8 * m * n);
  });

  it("a gradient whose square overflows leaves nothing behind that is not finite", () => {
    const steps = ordinary(14, 4, 3, 3);
    const { gradient } = steps[2]!;
    for (let i = 0; i < gradient.data.length; i++) gradient.data[i]! *= 1e200;
    const { parameter, optimizer } = train(id, steps);
    expect(finite(parameter.value)).toBe(true);
    expect(optimizer.averaged("w")?.data.every(Number.isFinite)).not.toBe(false);
    const matrices = (value: unknown): Matrix[] =>
      value instanceof Matrix ? [value] : value !== null && typeof value === "object" ? Object.values(value).flatMap(matrices) : [];
    expect(matrices(optimizer.state().parameters).every(finite)).toBe(true);
  });

  it.each([1, 3])("statistics with NaN or Inf at step %i change no later step for good", (at) => {
    for (const side of ["inputs", "outputGradients"] as const) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const steps = ordinary(15, 4, 3, 6);
        steps[at - 1]![side]!.set(2, 1, bad);
        const { parameter, optimizer } = train(id, steps);
        const before = parameter.value.clone();
        const last = ordinary(16, 4, 3, 1)[0]!;
        feed(parameter, last);
        optimizer.step();
        expect(finite(parameter.value)).toBe(true);
        // Every element moves again.
        expect(parameter.value.data.every((w, i) => w !== before.data[i])).toBe(true);
      }
    }
  });

  it("huge and tiny gradients leave the weights finite", () => {
    for (const scale of [1e150, 1e-160]) {
      const g = generator(7);
      const steps = Array.from({ length: 4 }, () => {
        const step = layerStep(g.matrix(8, 3), g.matrix(8, 4));
        for (const a of [step.gradient, step.outputGradients!]) for (let i = 0; i < a.data.length; i++) a.data[i]! *= scale;
        return step;
      });
      const parameter = weight(generator(99).matrix(4, 3));
      feed(parameter, steps[0]!);
      const optimizer = createOptimizer(id, [parameter]);
      try {
        for (const step of steps) {
          feed(parameter, step);
          optimizer.step();
        }
      } catch (error) {
        // Allowed: an error that says which factor failed. Never NaN in the weight.
        expect((error as Error).message).toMatch(/w: the (left|right) factor/);
      }
      expect(finite(parameter.value), `${scale}`).toBe(true);
    }
  });
});

describe.each(chained)("%s refuses, by name and before anything changes,", (id) => {
  const setup = () => {
    const [first, second] = ["first", "second"].map((name) => ({ ...weight(generator(20).matrix(4, 3), name) }));
    const steps = ordinary(21, 4, 3, 2);
    const step = (t: number) => {
      feed(first!, steps[t]!);
      feed(second!, steps[t]!);
    };
    step(0);
    const optimizer = createOptimizer(id, [first!, second!]);
    optimizer.step();
    step(1);
    const unchanged = (spoilt: () => void, message: RegExp) => {
      const before = [JSON.stringify(optimizer.state()), JSON.stringify(first!.value)];
      spoilt();
      expect(() => optimizer.step()).toThrow(message);
      expect([JSON.stringify({ ...optimizer.state(), lr: JSON.parse(before[0]!).lr }), JSON.stringify(first!.value)]).toEqual(before);
    };
    return { optimizer, first: first!, second: second!, unchanged };
  };

  it("a gradient that changed its shape or precision, or lost its buffer", () => {
    const { second, unchanged } = setup();
    const { gradient } = second;
    unchanged(() => Object.assign(second, { gradient: Matrix.zeros(3, 4) }), /the gradient of "second" is 3×4, its weight 4×3/);
    unchanged(() => Object.assign(second, { gradient: Matrix.zeros(4, 3, "float32") }), /the gradient of "second" is float32/);
    unchanged(
      () => structuredClone(Object.assign(second, { gradient }).gradient.data.buffer, { transfer: [gradient.data.buffer as ArrayBuffer] }),
      /the buffer of the gradient of "second" is detached/,
    );
  });

  it("a learning rate that is no rate", () => {
    const { optimizer, unchanged } = setup();
    for (const lr of [Number.NaN, Number.POSITIVE_INFINITY, -1])
      unchanged(
        () => {
          optimizer.lr = lr;
        },
        new RegExp(`the learning rate of step 2 is ${lr} \\(lr ${lr}, schedule 1\\)`),
      );
  });
});

it("statistics of another kind or size are refused by the layer's name", () => {
  const step = ordinary(22, 4, 3, 1)[0]!;
  const make = (inputs: unknown, later?: unknown) => () => {
    const w = { ...weight(Matrix.zeros(4, 3), "fc"), inputs } as never as { inputs: unknown };
    (w as never as { gradient: Matrix }).gradient.copy(step.gradient);
    const optimizer = createOptimizer("foof", [w as never]);
    optimizer.step();
    w.inputs = later;
    optimizer.step();
  };
  const samples = Matrix.zeros(6, 4);
  expect(make({ samples })).toThrow('inputs of "fc": expected samples with 3 columns, got 6×4');
  expect(make({ moment: Matrix.zeros(2, 2) })).toThrow('inputs of "fc": expected a 3×3 moment, got 2×2');
  expect(make({ diagonal: new Float64Array(3) }, { samples: step.inputs })).toThrow('inputs of "fc": expected a diagonal');
  expect(make({ samples: Matrix.zeros(6, 3, "float32") })).toThrow('inputs of "fc": the samples are float32, the weight float64');
  for (const none of [{ samples: [[1, 2, 3]] }, Matrix.zeros(6, 3)])
    expect(make(none)).toThrow('inputs of "fc": expected { samples }, { moment } or { diagonal }');
  expect(make({ moment: [[1]] })).toThrow('inputs of "fc": the moment must be a Matrix');
  const w = { ...weight(Matrix.zeros(4, 3), "fc"), inputs: { samples: step.inputs! }, outputGradients: { samples: Matrix.zeros(7, 4) } };
  expect(() => createOptimizer("ekfac", [w]).step()).toThrow('output gradients of "fc": expected a multiple of its inputs\' 8 rows, got 7');
});

describe("factor failures", () => {
  const failing = (attempts: { fail: boolean; tried: number[] }): Solver => ({
    ...inverseRootSolver(1),
    solve(a, c, context, solver) {
      attempts.tried.push(c);
      return attempts.fail ? null : inverseRootSolver(1).solve(a, c, context, solver);
    },
  });
  const setup = (damping = 0.1) => {
    const attempts = { fail: false, tried: [] as number[] };
    const factor = new Factor("left", failing(attempts), {
      average: "batch",
      damping: { value: damping, relativeTo: null, floor: 0, spectrum: "add" },
    });
    const state = factor.init(2, Matrix.zeros(2, 2));
    const diagnostics = new Diagnostics(true);
    const step = { t: 1, lr: 1, hold: false, basis: null, diagnostics, background: new Background() };
    factor.accumulateMoment(
      state,
      Matrix.from([
        [2, 1],
        [1, 2],
      ]),
      step,
    );
    return { attempts, factor, state, diagnostics, step };
  };

  it("raise the damping tenfold, then keep the last good root, then stop", () => {
    const { attempts, factor, state, diagnostics, step } = setup();
    factor.refresh(state, "layer", step);
    const good = state.root.clone();
    attempts.fail = true;
    attempts.tried.length = 0;
    expect(factor.refresh(state, "layer", step)).toBe(false);
    expect(attempts.tried.slice(0, 3).map((c) => +c.toPrecision(12))).toEqual([0.1, 1, 10]);
    expect(distance(state.root, good)).toBe(0);
    expect(diagnostics.keptOld).toBe(1);
    expect(diagnostics.records.at(-1)).toMatchObject({ keptOld: true, layer: "layer", side: "left", dim: 2, solver: "none" });
    factor.refresh(state, "layer", step);
    expect(() => factor.refresh(state, "layer", step)).toThrow(/layer: the left factor \(2×2\) could not be inverted 3 times in a row/);
  });

  it("start counting afresh after a success", () => {
    const { attempts, factor, state, step } = setup();
    for (let round = 0; round < 3; round++) {
      attempts.fail = true;
      factor.refresh(state, "layer", step);
      factor.refresh(state, "layer", step);
      attempts.fail = false;
      expect(factor.refresh(state, "layer", step)).toBe(true);
    }
  });

  it("a singular factor without damping gets damping at the level of roundoff", () => {
    const { factor, state, diagnostics, step } = setup(0);
    factor.accumulateMoment(
      state,
      Matrix.from([
        [1, 1],
        [1, 1],
      ]),
      step,
    );
    expect(factor.refresh(state, "layer", step)).toBe(true);
    expect(diagnostics.retries).toBe(1);
    expect(diagnostics.records.at(-1)!.damping).toBeLessThan(1e-9);
    expect(finite(state.root as Matrix)).toBe(true);
  });

  it.each([1, 1 / 2, 1 / 4])(
    "a statistic of deficient rank, whose smallest eigenvalues are roundoff, is damped above it: power %f",
    (power) => {
      const g = generator(24);
      const factor = new Factor("left", inverseRootSolver(power), { average: "batch" });
      const diagnostics = new Diagnostics(true);
      const step = { t: 1, lr: 1, hold: false, basis: null, diagnostics, background: new Background() };
      for (let k = 0; k < 20; k++) {
        const state = factor.init(4, Matrix.zeros(4, 4));
        factor.accumulateStatistic(state, { samples: g.matrix(2, 4) }, step);
        expect(factor.refresh(state, "layer", step)).toBe(true);
        const { damping, lambdaMax } = diagnostics.records.at(-1)!;
        // Some ten units in the last place of the mean eigenvalue, which bounds the root.
        expect(damping).toBeGreaterThan(1e-15 * 0.1);
        expect(damping).toBeLessThan(1e-12 * (lambdaMax ?? 100));
        const largest = Math.max(...state.root.data.map(Math.abs));
        expect(largest).toBeLessThan(1.1 * damping ** -power);
        expect(largest).toBeGreaterThan(0.1 * damping ** -power);
      }
      expect(diagnostics.retries).toBe(20);
    },
  );

  it("a change is that of the corrected average: statistics that stay the same need no refresh", () => {
    const factor = new Factor("left", inverseRootSolver(1), {
      beta: 0.9,
      change: 1e-3,
      damping: { value: 1, relativeTo: null, floor: 0, spectrum: "add" },
    });
    const state = factor.init(2, Matrix.zeros(2, 2));
    const step = { t: 1, lr: 1, hold: false, basis: null, diagnostics: new Diagnostics(), background: new Background() };
    const due = [1, 1, 1, 1.002].map((scale) => {
      factor.accumulateMoment(
        state,
        Matrix.from([
          [2 * scale, scale],
          [scale, 2 * scale],
        ]),
        step,
      ); // prettier-ignore
      const now = factor.due(state);
      if (now) factor.refresh(state, "layer", step);
      return now;
    });
    expect(due).toEqual([true, false, false, false]);
    factor.accumulateMoment(
      state,
      Matrix.from([
        [4, 2],
        [2, 4],
      ]),
      step,
    ); // prettier-ignore
    expect(factor.due(state)).toBe(true);
  });

  it("a statistic with NaN resets the average, keeps the root and is counted", () => {
    const { factor, state, diagnostics, step } = setup();
    factor.refresh(state, "layer", step);
    const good = state.root.clone();
    factor.accumulate(state, Matrix.from([[Number.NaN], [1]]), 1, step);
    expect(diagnostics.nonFiniteStatistics).toBe(1);
    expect(factor.due(state)).toBe(false);
    expect(distance(state.root, good)).toBe(0);
    factor.accumulate(
      state,
      Matrix.from([
        [2, 0],
        [1, 1],
      ]),
      1,
      step,
    );
    expect(factor.due(state)).toBe(true);
    factor.refresh(state, "layer", step);
    expect(finite(state.root as Matrix)).toBe(true);
  });
});

describe("weights", () => {
  it("an update that would overflow is not written, and the parameter starts afresh", () => {
    const parameter = weight(Matrix.from([[1, 2]]));
    parameter.gradient.fill(1e308);
    const optimizer = createOptimizer("sgd", [parameter], { lr: 10, momentum: 0.9 });
    optimizer.step();
    expect([...parameter.value.data]).toEqual([1, 2]);
    expect(optimizer.diagnostics.rejectedUpdates).toBe(1);
    parameter.gradient.fill(1);
    optimizer.step();
    expect([...parameter.value.data]).toEqual([-9, -8]);
  });

  it("float32 weights reject a rate or a decay that float32 cannot hold, even times zero", () => {
    for (const options of [{ lr: 1e39 }, { lr: 1, decay: 1e39 }]) {
      const value = Matrix.zeros(1, 2, "float32");
      const optimizer = createOptimizer("sgd", [{ name: "w", value, gradient: Matrix.zeros(1, 2, "float32") }], options);
      optimizer.step();
      expect([...value.data]).toEqual([0, 0]);
      expect(optimizer.diagnostics.rejectedUpdates).toBe(1);
    }
  });

  it("float32 weights reject what float32 cannot hold", () => {
    const value = Matrix.zeros(1, 2, "float32");
    const gradient = Matrix.zeros(1, 2, "float32").fill(3e38);
    const optimizer = createOptimizer("sgd", [{ name: "w", value, gradient }], { lr: 10 });
    optimizer.step();
    expect([...value.data]).toEqual([0, 0]);
    expect(optimizer.diagnostics.rejectedUpdates).toBe(1);
  });

  it("strided weights are written in place, nothing between the rows is touched", () => {
    const storage = new Float64Array(12).fill(7);
    const value = new Matrix(storage, 2, 3, 5, 1);
    const gradient = Matrix.zeros(2, 3).fill(1);
    createOptimizer("sgd", [{ name: "w", value, gradient }], { lr: 1 }).step();
    expect([...storage]).toEqual([7, 6, 6, 6, 7, 7, 6, 6, 6, 7, 7, 7]);
  });
});

it("FOOF inverts an input side of 4096: U (A + λI) = G", () => {
  const g = generator(13);
  const single = (a: Matrix) => Matrix.zeros(a.rows, a.cols, "float32").copy(a);
  const [samples, gradient] = [single(g.matrix(16, 4096)), single(g.matrix(2, 4096))];
  const w = { name: "w", value: Matrix.zeros(2, 4096, "float32"), gradient, inputs: { samples } };
  createOptimizer("foof", [w as never], { lr: 1, momentum: 0, damping: 0.1 }).step();
  const u = w.value;
  const product = gemm(gemm(u, samples.T), samples, { alpha: -1 / 16 });
  for (let i = 0; i < product.data.length; i++) product.data[i]! -= 0.1 * u.data[i]!;
  expect(distance(product as never, gradient as never)).toBeLessThan(1e-3);
});

it("EKFAC leaves its second moment as it was at a batch without examples, or one that is not finite", () => {
  const second = (spoil: (step: Step) => void) => {
    const steps = ordinary(18, 4, 3, 3);
    spoil(steps[2]!);
    const { optimizer } = train("ekfac", steps, { every: 100, change: 1e9 });
    return { s: (stageState(optimizer)["0:inEigenbasis"]!.inner as { s: Matrix }[])[0]!.s, optimizer };
  };
  const { optimizer } = train("ekfac", ordinary(18, 4, 3, 2), { every: 100, change: 1e9 });
  const before = (stageState(optimizer)["0:inEigenbasis"]!.inner as { s: Matrix }[])[0]!.s;
  const nan = second((step) => step.outputGradients!.set(0, 0, Number.NaN));
  expect(distance(nan.s, before)).toBe(0);
  expect(nan.optimizer.diagnostics.nonFiniteStatistics).toBe(2); // of the factor, and of the second moment
  const none = second((step) => Object.assign(step, { inputs: Matrix.zeros(0, 3), outputGradients: Matrix.zeros(0, 4) }));
  expect(distance(none.s, before)).toBe(0);
});

it.each([{}, { every: 10 }, { lag: 3 }, { graft: "adam" }])("Shampoo %o does not take zero gradients for a small curvature", (options) => {
  const g = generator(17);
  const steps = Array.from({ length: 12 }, (_, t) => ({ gradient: g.matrix(4, 3, t < 5 ? 0 : 1) }));
  const { parameter } = train("shampoo", steps, { lr: 0.01, ...options });
  // A stale root of a few gradients amplifies by up to (10⁻⁶)^{-½}; the root of the damping's floor would by 10¹⁵.
  expect(distance(parameter.value, generator(99).matrix(4, 3))).toBeLessThan(100);
});

describe.each(["kfac", "ekfac", "foof", "newton-muon"])("%s of an embedding", (id) => {
  it("preconditions a diagonal input side however long it is", () => {
    const g = generator(12);
    const tokens = 50;
    const diagonal = new Float64Array(tokens).fill(1 / tokens);
    diagonal[0] = 0.5; // a frequent token
    const parameter = { ...weight(Matrix.zeros(3, tokens)), inputs: { diagonal }, outputGradients: { samples: g.matrix(8, 3) } };
    const optimizer = createOptimizer(id, [parameter], {
      lr: 1,
      maxDim: 10,
      damping: 1e-6,
      ...(id === "newton-muon" ? { polar: "exact" } : {}),
    });
    parameter.gradient.fill(1);
    optimizer.step();
    const column = (j: number) => Math.hypot(...[0, 1, 2].map((i) => parameter.value.get(i, j)));
    expect(column(1) / column(0)).toBeGreaterThan(10);
    expect(optimizer.memory().w!).toBeLessThan(8 * 20 * 3 * tokens);
  });
});

describe.each(chained)("%s in float32", (id) => {
  it("follows float64 to single precision", () => {
    // One smooth step: later steps of sign methods amplify rounding.
    const steps = ordinary(8, 4, 3, 3);
    const single = (a: Matrix) => Matrix.zeros(a.rows, a.cols, "float32").copy(a);
    const run = (convert: (a: Matrix) => Matrix<never>) => {
      const value = convert(generator(99).matrix(4, 3));
      const parameter = {
        name: "w",
        value,
        gradient: convert(steps[0]!.gradient),
        inputs: { samples: convert(steps[0]!.inputs!) },
        outputGradients: { samples: convert(steps[0]!.outputGradients!) },
      };
      const optimizer = createOptimizer(id, [parameter], { lr: 0.01 });
      for (const step of steps) {
        parameter.gradient.copy(step.gradient);
        parameter.inputs = { samples: convert(step.inputs!) };
        parameter.outputGradients = { samples: convert(step.outputGradients!) };
        optimizer.step();
      }
      return value as unknown as Matrix;
    };
    const double = run((a) => a.clone() as never);
    expect(
      distance(
        run((a) => single(a) as never),
        double,
      ),
    ).toBeLessThan(2e-3);
  });
});

describe.each(chained)("%s", (id) => {
  it("allocates no buffers in steady state", () => {
    const { parameter, optimizer } = train(id, ordinary(9, 24, 20, 3), { lr: 1e-9 });
    const [step] = ordinary(10, 24, 20, 1);
    feed(parameter, step!);
    for (let t = 0; t < 20; t++) optimizer.step();
    const before = process.memoryUsage().arrayBuffers;
    for (let t = 0; t < 200; t++) optimizer.step();
    // One gradient a step would be 768 kB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000);
  });
});
