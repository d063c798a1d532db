import { describe, expect, it } from "vitest";
import { axpy, gemm, inverseRoot, Matrix, norm, scale } from "../../lib/linalg/index.js";
import { createOptimizer, loadCheckpoint, saveCheckpoint } from "../../lib/optim/index.js";
import { distance, feed, generator, layerStep, type Step, stageState, trajectory, weight } from "./helpers.js";

const steps = (seed: number, count: number): Step[] => {
  const g = generator(seed);
  return Array.from({ length: count }, () => layerStep(g.matrix(8, 5), g.matrix(8, 4)));
};

async function train(
  id: string,
  options: Record<string, unknown>,
  wait: "never" | "ready" | "everything",
  list = steps(1, 12),
): Promise<Matrix> {
  const parameter = weight(generator(2).matrix(4, 5));
  feed(parameter, list[0]!);
  const optimizer = createOptimizer(id, [parameter], options);
  for (const step of list) {
    feed(parameter, step);
    optimizer.step();
    if (wait === "ready") await optimizer.ready();
    if (wait === "everything") await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return parameter.value;
}

describe("background refresh", () => {
  it.each([
    ["shampoo", { lag: 1 }],
    ["shampoo", { lag: 3, every: 2, p: 3 }],
    ["shampoo", { lag: 2, spectrum: "clip", damping: 1e-2 }],
    ["kfac", { lag: 2 }],
    ["kl-shampoo", { lag: 2 }],
    ["soap", { lag: 2, every: 2 }],
    ["ekfac", { lag: 3 }],
    ["newton-muon", { lag: 1, every: 2 }],
  ])("%s %o gives the same bits whatever the timing", async (id, options) => {
    const lazy = await train(id, options, "never");
    expect((await train(id, options, "ready")).data).toEqual(lazy.data);
    expect((await train(id, options, "everything")).data).toEqual(lazy.data);
    // And differs from refreshing at once: the lag is real.
    expect(distance(await train(id, { ...options, lag: 0 }, "never"), lazy)).toBeGreaterThan(1e-9);
  });

  it("takes effect exactly `lag` steps after it started; the first refresh is at once", () => {
    const parameter = weight(Matrix.zeros(4, 5));
    const list = steps(3, 9);
    const of = (lag: number) => {
      const roots: Matrix[] = [];
      const optimizer = createOptimizer("shampoo", [parameter], { lag, every: 4 });
      for (const step of list) {
        feed(parameter, step);
        optimizer.step();
        roots.push((stageState(optimizer)["0:kronecker"]!.left as { root: Matrix }).root);
      }
      return roots;
    };
    const atOnce = of(0);
    const late = of(2);
    // At once: refreshed at steps 1, 2, 4 (the batches have doubled) and 8 (every 4). Two steps late: at 1, 4, 6, 10.
    const source = (roots: Matrix[]) => roots.map((root) => atOnce.findIndex((other) => distance(root, other) === 0) + 1);
    expect(source(atOnce)).toEqual([1, 2, 2, 4, 4, 4, 4, 8, 8]);
    expect(source(late)).toEqual([1, 1, 1, 2, 2, 4, 4, 4, 4]);
    expect(distance(atOnce[4]!, atOnce[0]!)).toBeGreaterThan(1e-3);
  });

  it("a checkpoint taken while a refresh is under way continues to the bit, and old results do not leak in", async () => {
    const list = steps(4, 10);
    const run = () => {
      const parameter = weight(Matrix.zeros(4, 5));
      return { parameter, optimizer: createOptimizer("shampoo", [parameter], { lag: 3 }) };
    };
    const advance = ({ parameter, optimizer }: ReturnType<typeof run>, from: number, to: number) => {
      for (const step of list.slice(from, to)) {
        feed(parameter, step);
        optimizer.step();
      }
    };
    const a = run();
    advance(a, 0, 3);
    const file = saveCheckpoint(a.optimizer);
    advance(a, 3, 10);
    // Loaded into a fresh optimizer, and into one that has other jobs in flight.
    for (const b of [run(), run()]) {
      advance(b, 4, 6);
      await new Promise((resolve) => setTimeout(resolve, 5));
      loadCheckpoint(b.optimizer, file);
      advance(b, 3, 10);
      expect(b.parameter.value.data).toEqual(a.parameter.value.data);
    }
  });

  it("an update that is rejected takes along what was under way for its state", async () => {
    const list = steps(9, 10);
    // Its update overflows while a refresh that began two steps before is on its way.
    list[4]!.gradient.fill(1e308);
    const run = async (wait: boolean) => {
      const [parameter, other] = [weight(generator(2).matrix(4, 5)), weight(generator(3).matrix(4, 5), "other")];
      const first = list[0]!;
      for (const p of [parameter, other]) feed(p, first);
      const optimizer = createOptimizer("kfac", [parameter, other], { lag: 3, lr: 100, damping: 1e-3 });
      for (const step of list) {
        feed(parameter, step);
        feed(other, step === list[4] ? first : step);
        optimizer.step();
        if (wait) await optimizer.ready();
      }
      expect(optimizer.diagnostics.rejectedUpdates).toBe(1);
      return [...parameter.value.data, ...other.value.data];
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it("a failing refresh is met again at its step, and handled there", async () => {
    // Zero damping and rank-one statistics: the first attempt fails on the pool too.
    const g = generator(5);
    const list = Array.from({ length: 6 }, () => layerStep(g.matrix(1, 5), g.matrix(1, 4)));
    const options = { lag: 1, damping: 0, statistics: "batch" };
    const lazy = await train("kfac", options, "never", list);
    expect((await train("kfac", options, "ready", list)).data).toEqual(lazy.data);
    expect(lazy.data.every(Number.isFinite)).toBe(true);
  });
});

describe("warm roots", () => {
  it.each([
    ["shampoo", { p: 4, damping: 1e-4, relativeTo: null }],
    ["kl-shampoo", { damping: 1e-2 }],
    ["kfac", { damping: 1e-2 }],
  ])("%s %o with tolerance 0 is exact", (id, options) => {
    const list = steps(6, 12);
    const exact = trajectory(id, Matrix.zeros(4, 5), list, options);
    const warm = trajectory(id, Matrix.zeros(4, 5), list, { ...options, root: "warm", rootTolerance: 0 });
    for (const t of list.keys()) expect(distance(warm[t]!, exact[t]!)).toBeLessThan(1e-9);
  });

  it.each([1e-2, 1e-3, 1e-4])("stay within a tolerance of %f of the exact root", (rootTolerance) => {
    const parameter = weight(Matrix.zeros(4, 5));
    const optimizer = createOptimizer("shampoo", [parameter], { beta: 0.99, damping: 1e-4, relativeTo: null, root: "warm", rootTolerance });
    let worst = 0;
    for (const step of steps(6, 80)) {
      feed(parameter, step);
      optimizer.step();
      const { moment, weight: sum, root } = stageState(optimizer)["0:kronecker"]!.left as { moment: Matrix; weight: number; root: Matrix };
      const exact = inverseRoot(scale(1 / sum, moment), { p: 4, damping: 1e-4 });
      worst = Math.max(worst, norm(axpy(-1, exact, root)) / norm(exact));
    }
    // The bound is an estimate from random vectors.
    expect(worst).toBeLessThan(2 * rootTolerance);
    expect(worst).toBeGreaterThan(0);
  });

  it("are mostly updates, not eigendecompositions, when the average drifts slowly", () => {
    const parameter = weight(Matrix.zeros(4, 5));
    const optimizer = createOptimizer("shampoo", [parameter], { beta: 0.999, damping: 1e-4, relativeTo: null, root: "warm", record: true });
    for (const step of steps(7, 300)) {
      feed(parameter, step);
      optimizer.step();
    }
    const solvers = optimizer.diagnostics.records.map(({ solver }) => solver);
    expect(solvers.length).toBe(600);
    expect(solvers.filter((s) => s === "first-order").length).toBeGreaterThan(300);
  });
});

describe("diagnostics", () => {
  it("records solver, damping, spectrum and residual of every refresh, and norms of every update", () => {
    const parameter = weight(Matrix.zeros(4, 5));
    const list = steps(8, 3);
    const optimizer = createOptimizer("shampoo", [parameter], { record: true, damping: 0.1, relativeTo: null, statistics: "sum" });
    for (const step of list) {
      feed(parameter, step);
      optimizer.step();
    }
    const { records, updates, refreshes } = optimizer.diagnostics;
    expect(refreshes).toBe(6);
    expect(records.map(({ side, dim, step }) => [side, dim, step])).toEqual(
      [1, 2, 3].flatMap((t) => [
        ["left", 4, t],
        ["right", 5, t],
      ]),
    );
    for (const r of records) {
      expect(r).toMatchObject({ layer: "w", solver: "eigh", damping: 0.1, retries: 0, keptOld: false });
      expect(r.residual!).toBeLessThan(1e-12);
      expect(r.lambdaMax!).toBeGreaterThan(r.lambdaMin!);
    }
    const l = gemm(list[0]!.gradient, list[0]!.gradient.T);
    let trace = 0;
    for (let i = 0; i < 4; i++) trace += l.get(i, i);
    expect(records[0]!.lambdaMax!).toBeLessThanOrEqual(trace);
    expect(updates.w!.step).toBe(3);
    expect(updates.w!.gradientNorm).toBeCloseTo(Math.hypot(...list[2]!.gradient.data), 12);
    expect(updates.w!.cosine).toBeGreaterThan(0);
    expect(updates.w!.cosine).toBeLessThanOrEqual(1);
  });

  it("tells the memory of the state before training", () => {
    const parameters = [weight(Matrix.zeros(4, 5), "a"), weight(Matrix.zeros(1, 5), "b")];
    // L, R and their roots, and a momentum; Adam's two moments for the vector.
    expect(createOptimizer("shampoo", parameters).memory()).toEqual({ a: 8 * (2 * (16 + 25) + 20), b: 8 * 10 });
  });
});
