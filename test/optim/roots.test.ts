import { describe, expect, it } from "vitest";
import { Matrix } from "../../lib/linalg/index.js";
import { createOptimizer } from "../../lib/optim/index.js";
import { distance, feed, generator, layerStep, type Step, trajectory, weight } from "./helpers.js";

const steps = (seed: number, count: number): Step[] => {
  const g = generator(seed);
  return Array.from({ length: count }, () => layerStep(g.matrix(40, 5), g.matrix(40, 4)));
};

/** The records of a run. */
function records(id: string, options: Record<string, unknown>, list = steps(1, 6)) {
  const parameter = weight(Matrix.zeros(4, 5));
  feed(parameter, list[0]!);
  const optimizer = createOptimizer(id, [parameter], { record: true, ...options });
  for (const step of list) {
    feed(parameter, step);
    optimizer.step();
  }
  return optimizer.diagnostics.records;
}

describe("every way to a root gives the same root", () => {
  it.each([
    ["kfac", "cholesky", 1e-10],
    ["kfac", "coupled-newton", 1e-5],
    ["kfac", "warm", 1e-2],
    ["kl-shampoo", "coupled-newton", 1e-5],
    ["foof", "coupled-newton", 1e-5],
    ["newton-muon", "coupled-newton", 1e-4],
  ])("%s by %s as by eigenvectors", (id, root, tolerance) => {
    const options = { lr: 0.1, damping: 0.1 };
    const list = steps(2, 6);
    const reference = trajectory(id, Matrix.zeros(4, 5), list, { ...options, root: "eigh" });
    const other = trajectory(id, Matrix.zeros(4, 5), list, { ...options, root });
    for (const t of list.keys()) expect(distance(other[t]!, reference[t]!), `step ${t + 1}`).toBeLessThan(tolerance);
  });

  it.each([
    ["kfac", "auto", "cholesky"],
    ["kfac", "eigh", "eigh"],
    ["kfac", "coupled-newton", "coupled-newton"],
    ["shampoo", "auto", "eigh"],
    // Only inverses have a Cholesky factor to offer.
    ["shampoo", "cholesky", "eigh"],
    ["shampoo", "coupled-newton", "coupled-newton"],
  ])("%s with root %s is computed by %s", (id, root, solver) => {
    const seen = records(id, { root, damping: 0.1 });
    expect(new Set(seen.map((record) => record.solver))).toEqual(new Set([solver]));
    for (const { residual } of seen) expect(residual!).toBeLessThan(1e-5);
  });
});

describe("coupled Newton", () => {
  it("falls back on eigenvectors where it does not converge: no more damping, no retry", () => {
    const g = generator(3);
    // Condition numbers around 1e12: beyond what products in double precision can tell from zero.
    const list = Array.from({ length: 3 }, () => {
      const step = { gradient: g.matrix(4, 5) };
      for (let j = 0; j < 5; j++) step.gradient.set(3, j, 1e-6 * step.gradient.get(3, j));
      return step;
    });
    const options = { statistics: "sum", damping: 1e-13, relativeTo: null, p: 2 };
    const seen = records("shampoo", { ...options, root: "coupled-newton" }, list).filter(({ side }) => side === "left");
    expect(new Set(seen.map(({ solver }) => solver))).toEqual(new Set(["eigh"]));
    for (const record of seen) expect(record).toMatchObject({ damping: 1e-13, retries: 0, keptOld: false });
  });

  it("in the background gives the same bits as at its step", async () => {
    const run = async (wait: boolean) => {
      const parameter = weight(Matrix.zeros(4, 5));
      const list = steps(4, 8);
      feed(parameter, list[0]!);
      const optimizer = createOptimizer("kl-shampoo", [parameter], { root: "coupled-newton", lag: 2, damping: 0.01 });
      for (const step of list) {
        feed(parameter, step);
        optimizer.step();
        if (wait) await optimizer.ready();
      }
      return parameter.value.data;
    };
    expect(await run(true)).toEqual(await run(false));
  });
});
