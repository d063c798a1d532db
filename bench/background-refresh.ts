// Does refreshing on the thread pool pay? Milliseconds per step of Shampoo on three n×n layers beside products that stand for forward
// and backward passes: roots every five steps at once; on the pool, four steps late; and never, which no schedule can beat. Rounds are
// interleaved, medians reported. The pool must leave a core to the main thread: on two cores
//
//   OPENBLAS_NUM_THREADS=1 UV_THREADPOOL_SIZE=1 npx tsx bench/background-refresh.ts [n = 384] [rounds = 9]
//
// on an idle machine; with more pool threads than free cores the roots take the gradients' time.
import { gemm, Matrix } from "../lib/linalg/index.js";
import { createOptimizer } from "../lib/optim/index.js";
import { Stream } from "../lib/random/index.js";
import { countArgument, median } from "./harness.js";
import { machineLine } from "./machine.js";

const [n, rounds, steps] = [countArgument(1, 384), countArgument(2, 9), 20];
const stream = new Stream(1, "background refresh");
const random = (name: string) => stream.child(name).normal(Matrix.zeros(n, n));
const scratch = Matrix.zeros(n, n);

/** Twenty steps of an optimizer past its first refreshes; milliseconds per step. */
function setup(options: Record<string, unknown>): () => Promise<number> {
  const layers = ["a", "b", "c"].map((name) => ({ name, value: random(`${name} weight`), gradient: random(`${name} gradient`) }));
  const optimizer = createOptimizer("shampoo", layers, { lr: 1e-6, damping: 1e-4, ...options });
  const run = async (count: number) => {
    const start = performance.now();
    for (let t = 0; t < count; t++) {
      for (let k = 0; k < 15; k++) gemm(layers[0]!.value, layers[1]!.value, { out: scratch });
      optimizer.step();
      await optimizer.ready();
    }
    return (performance.now() - start) / count;
  };
  const warm = run(15);
  return async () => {
    await warm;
    return run(steps);
  };
}

const variants = { "at once": { every: 5 }, "in the background": { every: 5, lag: 4 }, never: { every: 1_000_000, damping: 1 } };
const runs: { run: () => Promise<number>; times: number[] }[] = [];
for (const options of Object.values(variants)) {
  const run = setup(options);
  await run();
  runs.push({ run, times: [] });
}
for (let r = 0; r < rounds; r++) for (const { run, times } of runs) times.push(await run());
const [atOnce, late, never] = runs.map(({ times }) => median(times)) as [number, number, number];
console.log(
  `n = ${n}, milliseconds a step: at once ${atOnce.toFixed(1)}, in the background ${late.toFixed(1)}, without refreshes ${never.toFixed(1)}: ` +
    `${(atOnce / late).toFixed(2)}× of at most ${(atOnce / never).toFixed(2)}×, ${((100 * (atOnce - late)) / (atOnce - never)).toFixed(0)} % of the roots' time hidden`,
);
console.log(machineLine());
