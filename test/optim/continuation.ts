import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gemm, type Matrix } from "../../lib/linalg/index.js";
import { createOptimizer, loadCheckpoint, type Optimizer } from "../../lib/optim/index.js";
import { generator, weight } from "./helpers.js";

/** A two-layer linear net with a bias on fixed data, batch t at step t: everything a method may ask for. */
export function continuation(
  id: string,
  options: Record<string, unknown> = {},
): { optimizer: Optimizer; step(t: number): void; weights(): number[] } {
  const g = generator(7);
  const [n, d, k, dy] = [12, 4, 3, 2];
  const first = weight(g.matrix(k, d), "first");
  const second = weight(g.matrix(dy, k), "second");
  const bias = weight(g.matrix(1, dy), "bias");
  const batches = Array.from({ length: 4 }, () => ({ x: g.matrix(n, d), y: g.matrix(n, dy) }));
  let batch = batches[0]!;
  let h: Matrix = batch.x;
  let delta: Matrix = batch.y;
  const closure = () => {
    const { x, y } = batch;
    h = gemm(x, first.value.T);
    delta = gemm(h, second.value.T);
    for (let i = 0; i < n; i++) for (let j = 0; j < dy; j++) delta.set(i, j, delta.get(i, j) + bias.value.get(0, j) - y.get(i, j));
    const back = gemm(delta, second.value);
    gemm(back.T, x, { out: first.gradient, alpha: 1 / n });
    gemm(delta.T, h, { out: second.gradient, alpha: 1 / n });
    bias.gradient.fill(0);
    for (let i = 0; i < n; i++) for (let j = 0; j < dy; j++) bias.gradient.set(0, j, bias.gradient.get(0, j) + delta.get(i, j) / n);
    Object.assign(first, { inputs: { samples: x }, outputGradients: { samples: back } });
    Object.assign(second, { inputs: { samples: h }, outputGradients: { samples: delta } });
    return delta.data.reduce((sum, v) => sum + v * v, 0) / (2 * n);
  };
  closure();
  const parameters = [first, second, bias];
  const jacobian = () => {
    const out = g.matrix(n * dy, k * d + dy * k + dy, 0);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < dy; c++) {
        const row = out.row(i * dy + c);
        for (let p = 0; p < k; p++) for (let q = 0; q < d; q++) row.set(0, p * d + q, second.value.get(c, p) * batch.x.get(i, q));
        for (let p = 0; p < k; p++) row.set(0, k * d + c * k + p, h.get(i, p));
        row.set(0, k * d + dy * k + c, 1);
      }
    }
    return out;
  };
  const special: Record<string, Record<string, unknown>> = {
    "gauss-newton": { provider: { outputs: dy, jacobian }, statistics: "ema", adaptive: true },
    kfac: { adaptive: true, period: 2, every: 3 },
    shampoo: { graft: "adam", every: 4, change: 0.01, blockSize: 2, momentum: 0.9, lag: 3 },
    soap: { every: 3, lag: 4 },
    "kl-shampoo": { root: "warm" },
    asgo: { every: 2, root: "warm", spectrum: "clip" },
    adam: { amsgrad: true },
    sgd: { momentum: 0.9, average: 0.9, schedule: { kind: "cosine", steps: 20 } },
    lbfgs: { history: 3 },
  };
  const optimizer = createOptimizer(id, parameters, { ...special[id], ...options });
  return {
    optimizer,
    step(t) {
      // L-BFGS is for one batch; the others see a new one at every step.
      batch = id === "lbfgs" ? batches[0]! : batches[t % 4]!;
      optimizer.step(closure);
    },
    weights: () => parameters.flatMap(({ value }) => [...value.data]),
  };
}

// As a program: continues the given checkpoints (named after their methods) from step 10 to 20 and prints the weights.
for (const file of process.argv[1]?.endsWith("continuation.ts") ? process.argv.slice(2) : []) {
  const run = continuation(basename(file));
  loadCheckpoint(run.optimizer, readFileSync(file));
  for (let t = 10; t < 20; t++) run.step(t);
  console.log(JSON.stringify(run.weights()));
}
