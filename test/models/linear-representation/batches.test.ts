import { describe, expect, it } from "vitest";
import { cholesky, choleskyInverse, gemm, Matrix, syrk, type Transposed, trace } from "../../../lib/linalg/index.js";
import {
  BATCH_NORM_EPSILON,
  type Batch,
  Batches,
  type BatchOptions,
  batchOf,
  randomTask,
  randomTrunk,
} from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const k = 2;
const d = 6;
const dy = 3;
const n = 40;
const s = 0.5;
const stream = new Stream(11, "moments test");
const task = randomTask(stream.child("task"), randomTrunk(stream.child("trunk"), k, d), { dy, cond: 30, condF: 0, noise: s });
/** Sxx, Syx and Syy, written out. */
function momentsOf({ u, y, n, color }: Batch) {
  const x = color ? gemm(color, u) : u;
  return { xx: syrk(x, { alpha: 1 / n }), yx: gemm(y, x.T, { alpha: 1 / n }), yy: syrk(y, { alpha: 1 / n }) };
}

const options = (change: Partial<BatchOptions>): BatchOptions => ({ n, sampling: "batch", inputs: "gaussian", centered: false, ...change });

function close(given: Matrix | Transposed, expected: Matrix, tolerance = 1e-12): void {
  const got = gemm(given, Matrix.identity(given.cols));
  for (let i = 0; i < expected.rows; i++)
    for (let j = 0; j < expected.cols; j++) expect(Math.abs(got.get(i, j) - expected.get(i, j))).toBeLessThan(tolerance);
}

describe("explicit batches", () => {
  it.each([
    { inputs: "gaussian", centered: false },
    { inputs: "rademacher", centered: false },
    { inputs: "gaussian", centered: true },
  ] as const)("has the moments of its examples: %o", (change) => {
    const source = stream.child("explicit");
    const batches = new Batches(source, task, options(change));
    // The examples, drawn from the same streams and written out: columns u, then x = S^{1/2} u and y = M x + s ε.
    const u = Matrix.zeros(d, n);
    const noise = Matrix.zeros(dy, n);
    const inputStream = source.child("inputs");
    const noiseStream = source.child("noise");
    for (let batch = 0; batch < 2; batch++) {
      if (change.inputs === "gaussian") inputStream.normal(u);
      else inputStream.rademacher(u);
      noiseStream.normal(noise);
      const x = gemm(u.T, task.covariance.sqrt);
      const y = gemm(noise.T, Matrix.identity(dy), { alpha: s });
      gemm(x, task.map.T, { out: y, beta: 1 });
      if (change.centered) {
        for (const a of [x, y]) {
          for (let j = 0; j < a.cols; j++) {
            let mean = 0;
            for (let i = 0; i < n; i++) mean += a.get(i, j) / n;
            for (let i = 0; i < n; i++) a.set(i, j, a.get(i, j) - mean);
          }
        }
      }
      const batch = batches.next();
      close(gemm(batch.color!, batch.u).T, x);
      close(batch.y.T, y);
      close(batch.inputMoment, momentsOf(batchOf(x, y)).xx);
    }
  });

  it("draws ±1 for Rademacher inputs: the diagonal of UᵀU/n is exactly 1", () => {
    const { gram } = new Batches(stream.child("signs"), task, options({ inputs: "rademacher" })).next();
    for (let i = 0; i < d; i++) expect(gram.get(i, i)).toBeCloseTo(1, 13);
    expect(gram.data.some((value, index) => index % (d + 1) !== 0 && Math.abs(value) > 0.01)).toBe(true);
  });
});

describe.each(["batch", "statistics"] as const)("sampling %s", (sampling) => {
  it.each([
    { centered: false, standardized: false },
    { centered: true, standardized: false },
    { centered: true, standardized: true },
  ])("computes the moment of its inputs and solves with it: %o", (change) => {
    const batch = new Batches(stream.child("solve", sampling), task, options({ sampling, ...change })).next();
    const { xx } = momentsOf(batch);
    close(batch.inputMoment, xx);
    close(gemm(batch.color!, batch.inverseColor!), Matrix.identity(d));
    for (const damping of [0, 0.2]) {
      const gamma = stream.child("gamma").normal(Matrix.zeros(k, d));
      const gradient = gemm(gamma, batch.color!.T);
      const out = Matrix.zeros(k, d);
      expect(batch.solve(gamma.clone(), damping, out)).toBe(true);
      const back = gemm(out, xx);
      for (let i = 0; i < back.data.length; i++) back.data[i]! += damping * out.data[i]!;
      close(back, gradient, 1e-10);
    }
  });

  it("standardises: the variance of every coordinate is 1, but for ε", () => {
    const plain = new Batches(stream.child("variances", sampling), task, options({ sampling, centered: true })).next().inputMoment;
    const batch = new Batches(stream.child("variances", sampling), task, options({ sampling, centered: true, standardized: true })).next();
    for (let i = 0; i < d; i++)
      expect(batch.inputMoment.get(i, i)).toBeCloseTo(plain.get(i, i) / (plain.get(i, i) + BATCH_NORM_EPSILON), 12);
  });

  it("repeats for the same stream and differs between batches", () => {
    const draw = () => {
      const batches = new Batches(stream.child("repeat"), task, options({ sampling }));
      return [0, 1].map(() => batches.next().inputMoment.data.slice());
    };
    const [first, second] = draw();
    expect(draw()).toEqual([first, second]);
    expect(first).not.toEqual(second);
  });

  // Each statistic below is compared with its exact law; both modes must pass the same test.
  it.each([false, true])("has the law of Gaussian batches (centered %s)", (centered) => {
    const draws = 4000;
    const df = centered ? n - 1 : n;
    const batches = new Batches(stream.child("law", sampling, String(centered)), task, options({ sampling, centered }));
    const S = task.covariance.matrix;
    const inverse = choleskyInverse(cholesky(S));
    const scale = n / df;
    const sums = new Map<string, [sum: number, squares: number]>();
    const add = (name: string, value: number) => {
      const at = sums.get(name) ?? [0, 0];
      sums.set(name, [at[0] + value, at[1] + value * value]);
    };
    const expected: Record<string, number> = {};
    for (let draw = 0; draw < draws; draw++) {
      const { xx, yx, yy } = momentsOf(batches.next());
      const noise = yx.clone();
      gemm(task.map, xx, { out: noise, alpha: -1, beta: 1 });
      for (const [i, j] of [
        [0, 0],
        [1, 0],
        [4, 5],
      ] as const) {
        // Wishart: E = S, Var = (S_ij² + S_ii S_jj)/df
        add(`xx${i}${j}`, scale * xx.get(i, j));
        expected[`xx${i}${j}`] = S.get(i, j);
        add(`var xx${i}${j}`, (scale * xx.get(i, j) - S.get(i, j)) ** 2);
        expected[`var xx${i}${j}`] = (S.get(i, j) ** 2 + S.get(i, i) * S.get(j, j)) / df;
      }
      for (const [i, j] of [
        [0, 0],
        [2, 3],
      ] as const) {
        add(`noise${i}${j}`, scale * noise.get(i, j));
        expected[`noise${i}${j}`] = 0;
        add(`var noise${i}${j}`, (scale * noise.get(i, j)) ** 2);
        expected[`var noise${i}${j}`] = (s * s * S.get(j, j)) / df;
        // Given X the noise moment is matrix normal: N Sxx^{-1} Nᵀ has mean s²d/n, and N N̄ᵀ couples to Sxx.
        add(`coupled${i}${j}`, scale * noise.get(i, j) ** 2 * xx.get(j, j) * scale);
        expected[`coupled${i}${j}`] = s * s * (S.get(j, j) ** 2 / df) * (1 + 2 / df);
      }
      // E|N Sxx^{-1}|² = s² dy tr(S^{-1})/(df − d − 1): the noise floor of KFAC
      const whitened = gemm(noise, choleskyInverse(cholesky(xx)));
      let squared = 0;
      for (const value of whitened.data) squared += value * value;
      add("floor", squared);
      expected.floor = (s * s * dy * trace(inverse)) / (df - d - 1);
      add("yy", scale * trace(yy));
      expected.yy = trace(gemm(gemm(task.map, S), task.map.T)) + dy * s * s;
    }
    for (const [name, [sum, squares]] of sums) {
      const mean = sum / draws;
      const error = Math.sqrt((squares / draws - mean * mean) / draws);
      expect(Math.abs(mean - expected[name]!) / error, name).toBeLessThan(4.5);
    }
  });
});

describe("refusals", () => {
  it("names what statistics need", () => {
    expect(() => new Batches(stream, task, options({ sampling: "statistics", inputs: "rademacher" }))).toThrow(
      /inputs=gaussian, got inputs=rademacher/,
    );
    expect(() => new Batches(stream, task, options({ sampling: "statistics", n: d + dy }))).toThrow(/n > d \+ dy = 9, got n=9/);
  });
});
