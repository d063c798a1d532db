// Milliseconds per step of whole optimizers on one n×n weight, against numpy and torch doing the same step: Shampoo with roots at
// every step and every 10 (by eigh, and by warm updates), KFAC at every step (256 examples), SOAP with its QR at every step and every 10, Muon.
//
//   npx tsx bench/steps.ts [--sizes 64,128,256,512] [--precisions d,s] [--methods shampoo,kfac,soap,muon] [--rounds 5] [--budget 60]
//
// $PYTHON and $TORCH_PYTHON name the interpreters of the peers (python3).
import { parseArgs } from "node:util";
import { Matrix } from "../lib/linalg/index.js";
import type { Real } from "../lib/linalg/matrix.js";
import { createOptimizer, type Options, type Parameter } from "../lib/optim/index.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { type Contestant, contest, figure, milliseconds, numbers, Peer, table } from "./harness.js";
import { machineLine } from "./machine.js";

const { values: flags } = parseArgs({
  options: {
    sizes: { type: "string", default: "64,128,256,512" },
    precisions: { type: "string", default: "d,s" },
    methods: { type: "string", default: "shampoo,kfac,soap,muon" },
    rounds: { type: "string", default: "5" },
    budget: { type: "string", default: "60" },
  },
});
const budget = Number(flags.budget);
const batch = 256;

/** The same step as the peers': no grafting, no decay; damping as theirs. */
const steps: { name: string; method: string; every: number; options: Options }[] = [
  ...[1, 10].flatMap((every) =>
    ["eigh", "warm"].map((root) => ({
      name: `Shampoo, every ${every === 1 ? "step" : every}, ${root}`,
      method: "shampoo",
      every,
      options: { every, root, beta: 0.99, damping: 1e-6, relativeTo: "trace", momentum: 0.9 },
    })),
  ),
  { name: "KFAC, every step", method: "kfac", every: 1, options: { every: 1, beta: 0.95, damping: 1e-3, momentum: 0.9 } },
  ...[1, 10].map((every) => ({ name: `SOAP, every ${every === 1 ? "step" : every}`, method: "soap", every, options: { every } })),
  { name: "Muon", method: "muon", every: 1, options: {} },
];

function ours(name: string, method: string, n: number, every: number, options: Options, dtype: "float64" | "float32"): Contestant {
  const stream = new Stream(0, "bench steps", method, n);
  const normal = (rows: number, k: number) => stream.child(k).normal(Matrix.zeros(rows, n, dtype) as Matrix<Real>) as Matrix<Real>;
  const [gradients, inputs, outputs] = [n, batch, batch].map((rows, k) => [0, 1, 2, 3].map((i) => normal(rows, 4 * k + i)));
  let t = 0;
  const at = (list: Matrix<Real>[] | undefined) => list![t % 4]!;
  const parameter: Parameter<Real> = {
    name: "w",
    value: normal(n, 99),
    get gradient() {
      return at(gradients);
    },
    get inputs() {
      return { samples: at(inputs) };
    },
    get outputGradients() {
      return { samples: at(outputs) };
    },
  };
  const optimizer = createOptimizer(method, [parameter], { lr: 1e-3, ...options });
  let count = 0;
  const run = () => {
    for (let i = 0; i < count; i++, t++) optimizer.step();
  };
  return {
    name,
    measure() {
      if (!count) {
        // The averages have their histories before the clock starts.
        count = Math.max(every, 100);
        run();
        count = every;
        count = every * Math.max(1, Math.round(budget / milliseconds(run)));
      }
      return milliseconds(run) / count;
    },
  };
}

setThreads(1);
const [numpy, torch] = [Peer.python("steps.py"), Peer.python("steps.py", 1, process.env.TORCH_PYTHON)];
console.log(`${machineLine()}\nprocessor time, medians of ${flags.rounds} rounds; ×: theirs over ours`);
for (const precision of flags.precisions.split(",")) {
  const dtype = precision === "d" ? "float64" : "float32";
  const row = table(`step, ${dtype}`, "n", "ours, ms", "numpy, ms", "torch, ms", "× numpy", "× torch");
  for (const { name, method, every, options } of steps.filter((step) => flags.methods.split(",").includes(step.method))) {
    for (const n of numbers(flags.sizes)) {
      const line = `${method} ${n} ${every} ${precision} ${budget}`;
      const [mine, ...theirs] = await contest(
        [
          ours(name, method, n, every, options, dtype),
          numpy.contestant("numpy", `numpy ${line}`),
          torch.contestant("torch", `torch ${line}`),
        ],
        Number(flags.rounds),
      );
      row(name, n, mine!.time, ...theirs.map(({ time }) => time), ...theirs.map(({ ratio }) => figure(ratio)));
    }
  }
}
numpy.stop();
torch.stop();
