// Does refreshing on the thread pool pay? `npx tsx bench/background-refresh.ts`: milliseconds per step of Shampoo on three n×n
// layers beside work that stands for forward and backward passes; interleaved rounds, medians. Run with OPENBLAS_NUM_THREADS=1 on
// an idle machine with at least two cores.
import { setImmediate as turn } from "node:timers/promises";
import { gemm, Matrix } from "../lib/linalg/index.js";
import { createOptimizer } from "../lib/optim/index.js";
import { Stream } from "../lib/random/index.js";
import { median } from "./harness.js";

const [n, rounds, steps] = [Number(process.argv[2] ?? 384), Number(process.argv[3] ?? 5), 20];
const stream = new Stream(1, "background refresh");
const random = (name: string) => stream.child(name).normal(Matrix.zeros(n, n));
const scratch = Matrix.zeros(n, n);

function setup(options: Record<string, unknown>): (wait: boolean) => Promise<number> {
  const layers = ["a", "b", "c"].map((name) => ({ name, value: random(`${name} weight`), gradient: random(`${name} gradient`) }));
  const optimizer = createOptimizer("shampoo", layers, { lr: 1e-6, damping: 1e-4, every: 5, ...options });
  optimizer.step();
  return async (wait) => {
    const start = performance.now();
    for (let t = 0; t < steps; t++) {
      for (let k = 0; k < 15; k++) gemm(layers[0]!.value, layers[1]!.value, { out: scratch });
      optimizer.step();
      if (wait) await optimizer.ready();
      else await turn();
    }
    return (performance.now() - start) / steps;
  };
}

const variants = { "at once": setup({}), "lag 4, awaited": setup({ lag: 4 }) };
const times = Object.fromEntries(Object.keys(variants).map((name) => [name, [] as number[]]));
for (let r = 0; r < rounds; r++) for (const [name, run] of Object.entries(variants)) times[name]!.push(await run(name !== "at once"));
const [atOnce, late] = Object.values(times).map(median) as [number, number];
console.log(`n = ${n}: at once ${atOnce.toFixed(1)} ms, in the background ${late.toFixed(1)} ms a step: ${(atOnce / late).toFixed(2)}×`);
