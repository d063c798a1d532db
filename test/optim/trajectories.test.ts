import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gemm, Matrix } from "../../lib/linalg/index.js";
import { createOptimizer, findMethod, methodIds } from "../../lib/optim/index.js";
import { type Trainable, weight } from "./helpers.js";

interface Case {
  readonly method: string;
  readonly options: Record<string, unknown>;
  readonly shapes: readonly (readonly [number, number])[];
  readonly seed: number;
  /** Weights after the kept steps, for each parameter, row by row. */
  readonly steps: readonly (readonly number[])[][];
}
const fixture = JSON.parse(readFileSync(new URL("../fixtures/trajectories.json", import.meta.url), "utf8"));
const { batch, kept, total } = fixture as { batch: number; kept: number[]; total: number };
const cases: readonly Case[] = fixture.cases;

/** The generator of trajectories.py: multiples of 1/256, exact. */
function generator(seed: number): (rows: number, cols: number) => Matrix {
  let a = seed >>> 0;
  const draw = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 21) - 1024) / 256;
  };
  return (rows, cols) => new Matrix(Float64Array.from({ length: rows * cols }, draw), rows, cols);
}

describe("thirty steps computed in numpy by test/fixtures/trajectories.py", () => {
  it("are there for every method that is a chain", () => {
    const covered = new Set(cases.map(({ method }) => method));
    expect(methodIds().filter((id) => !findMethod(id).create && !covered.has(id))).toEqual([]);
  });

  for (const { method, options, shapes, seed, steps } of cases) {
    it(`${method} ${JSON.stringify(options)} on ${shapes.map((shape) => shape.join("×")).join(", ")}`, () => {
      const draw = generator(seed);
      const parameters: Trainable[] = shapes.map(([m, n], i) => ({
        ...weight(draw(m, n), `${i}`),
        inputs: { samples: Matrix.zeros(0, n) },
        outputGradients: { samples: Matrix.zeros(0, m) },
      }));
      const optimizer = createOptimizer(method, parameters, options);
      for (let t = 1; t <= total; t++) {
        const inputs = shapes.map(([, n]) => draw(batch, n));
        const deltas = shapes.map(([m]) => draw(batch, m));
        parameters.forEach((p, i) => {
          p.inputs = { samples: inputs[i]! };
          p.outputGradients = { samples: deltas[i]! };
          gemm(deltas[i]!.T, inputs[i]!, { alpha: 1 / batch, out: p.gradient });
        });
        optimizer.step();
        steps[kept.indexOf(t)]?.forEach((expected, i) => {
          const w = optimizer.averaged(`${i}`) ?? parameters[i]!.value;
          const worst = Math.max(...expected.map((x, k) => Math.abs(w.data[k]! - x) / Math.max(1, Math.abs(x))));
          expect(worst, `parameter ${i} after step ${t}`).toBeLessThan(1e-9);
        });
      }
    });
  }
});
