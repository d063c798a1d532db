// Heap, native memory and resident set before and after many steps of each Kronecker method on a 16×16 weight: nothing may grow.
//
//   node --expose-gc --import tsx bench/memory.ts [steps = 100000]
import { Matrix } from "../lib/linalg/index.js";
import type { Real } from "../lib/linalg/matrix.js";
import { createOptimizer, type Parameter } from "../lib/optim/index.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { countArgument, milliseconds, table } from "./harness.js";
import { machineLine } from "./machine.js";

const steps = countArgument(1, 100_000);
const n = 16;
setThreads(1);
console.log(`${machineLine()}\n${steps} steps after ${steps / 10}; MB`);
const row = table("method", "µs a step", "heap before", "heap after", "arrays before", "arrays after", "resident before", "resident after");
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
for (const [method, options] of [
  ["shampoo", { every: 1 }],
  ["shampoo", { every: 1, root: "warm" }],
  ["kfac", { every: 1 }],
  ["soap", { every: 10 }],
  ["muon", {}],
] as const) {
  const stream = new Stream(0, "bench memory", method);
  const [value, gradient, samples, outputs] = [n, n, 64, 64].map((rows) => Matrix.zeros(rows, n)) as [Matrix, Matrix, Matrix, Matrix];
  stream.normal(samples);
  stream.normal(outputs);
  const parameter: Parameter<Real> = { name: "w", value, gradient, inputs: { samples }, outputGradients: { samples: outputs } };
  const optimizer = createOptimizer(method, [parameter], options);
  const run = (count: number) => {
    for (let i = 0; i < count; i++) {
      stream.normal(gradient);
      optimizer.step();
    }
  };
  run(steps / 10);
  globalThis.gc?.();
  const before = process.memoryUsage();
  const ms = milliseconds(() => run(steps));
  globalThis.gc?.();
  const after = process.memoryUsage();
  const cells = (["heapUsed", "arrayBuffers", "rss"] as const).flatMap((key) => [megabytes(before[key]), megabytes(after[key])]);
  row("root" in options ? `${method}, warm` : method, (1e3 * ms) / steps, ...cells);
}
