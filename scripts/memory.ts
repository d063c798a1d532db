// Steady state allocates nothing: 10⁵ optimizer steps leave the resident set where it was. And references that go away at any moment
// do no harm: prepared calls and asynchronous routines under a collector that runs all the time.
//
//   npm run test:memory        (node --expose-gc)
import assert from "node:assert/strict";
import { eighAsync, gemm, inverseRootAsync, Matrix, prepared } from "../lib/linalg/index.js";
import { createOptimizer } from "../lib/optim/index.js";
import { Stream } from "../lib/random/index.js";

const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error("run with --expose-gc: npm run test:memory");

const stream = new Stream(1, "memory");
const megabytes = () => {
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20, external: external / 2 ** 20 };
};

/** A weight with everything a method may ask for; values change at every step, memory does not. */
function parameter() {
  const [rows, cols, n] = [12, 20, 32];
  const matrix = (r: number, c: number) => stream.normal(Matrix.zeros(r, c));
  const inputs = { samples: matrix(n, cols) };
  const outputGradients = { samples: matrix(n, rows) };
  return { name: "w", value: matrix(rows, cols), gradient: matrix(rows, cols), inputs, outputGradients };
}

const steps = 100_000;
const methods = ["adam", "kfac", "shampoo", "soap", "muon"];
for (const id of methods) {
  const p = parameter();
  const optimizer = createOptimizer(id, [p], { lr: 1e-3 });
  const step = () => {
    stream.normal(p.gradient);
    optimizer.step();
  };
  // The first steps compile the code and settle the heap.
  for (let t = 0; t < 5000; t++) step();
  const before = megabytes();
  for (let t = 0; t < steps / methods.length; t++) step();
  const after = megabytes();
  console.log(
    `${id}: resident ${before.rss.toFixed(1)} → ${after.rss.toFixed(1)} MB, heap ${before.heap.toFixed(2)} → ${after.heap.toFixed(2)} MB`,
  );
  assert(after.heap - before.heap < 0.5, `${id}: the heap grew by ${(after.heap - before.heap).toFixed(2)} MB`);
  assert(after.external - before.external < 0.1, `${id}: typed arrays grew by ${(after.external - before.external).toFixed(2)} MB`);
  // One float64 matrix of this size leaked at every step would be 38 MB.
  assert(after.rss - before.rss < 8, `${id}: the resident set grew by ${(after.rss - before.rss).toFixed(1)} MB`);
}

// Whatever is collected while a call holds it.
for (let round = 0; round < 300; round++) {
  const a = stream.normal(Matrix.zeros(8, 8));
  const expected = gemm(a, a.T);
  const out = Matrix.zeros(8, 8);
  const call = prepared.gemm(a, a.T, { out });
  const waiting = [eighAsync(expected.clone()), inverseRootAsync(expected.clone(), { p: 2, damping: 1 })];
  collect();
  call();
  assert.deepEqual(out.toArrays(), expected.toArrays());
  collect();
  await Promise.all(waiting);
}
const before = megabytes();
for (let round = 0; round < 2000; round++) prepared.gemm(Matrix.zeros(64, 64), Matrix.zeros(64, 64), { out: Matrix.zeros(64, 64) })();
// A prepared call lets go of its memory when its finalizer has run, between two collections.
for (let k = 0; k < 5; k++) {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const after = megabytes();
assert(after.external - before.external < 1, `dropped prepared calls keep ${(after.external - before.external).toFixed(1)} MB`);
console.log("references dropped at any moment: no harm");
