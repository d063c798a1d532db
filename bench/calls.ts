// What a call costs: gemm of small matrices through this library (typed arrays, matrices, prepared, one of ten in a sequence), against
// np.matmul(out=) and plain JavaScript; and calls that only read their arguments. Nanoseconds of processor time, one thread.
//
//   npx tsx bench/calls.ts [--rounds 7] [--budget 20] [--sizes 4,8,16,32,64]
import { parseArgs } from "node:util";
import { binding, routines } from "../lib/binding.js";
import { gemm, Matrix, prepared } from "../lib/linalg/index.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { contest, figure, local, numbers, Peer, table } from "./harness.js";
import { machineLine } from "./machine.js";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    budget: { type: "string", default: "20" },
    sizes: { type: "string", default: "4,8,16,32,64" },
  },
});
const rounds = Number(flags.rounds);
const budget = Number(flags.budget);

setThreads(1);
const python = Peer.python("linalg.py");
console.log(`${machineLine()}\nprocessor time, medians of ${rounds} rounds; ×: np.matmul(out=) or plain JS over ours`);

const row = table(
  "gemm, n",
  "typed arrays, ns",
  "gemm(…), ns",
  "prepared, ns",
  "of a sequence, ns",
  "np.matmul, ns",
  "× typed arrays",
  "× gemm",
  "× prepared",
  "× sequence",
  "plain JS × typed arrays",
);
for (const n of numbers(flags.sizes)) {
  const stream = new Stream(0, "bench calls", n);
  const [a, b, c] = [stream.normal(Matrix.zeros(n, n)), stream.normal(Matrix.zeros(n, n)), Matrix.zeros(n, n)];
  const [x, y, z] = [a.data, b.data, c.data];
  const options = { out: c };
  const run = (name: string, body: () => void) => local(name, body, { budget });
  const one = prepared.gemm(a, b, options);
  const ten = prepared.sequence(Array(10).fill(one));
  const [direct, matrix, kept, sequence, numpy, plain] = await contest(
    [
      run("typed arrays", () => routines(x).gemm(false, false, n, n, n, 1, x, 0, n, y, 0, n, 0, z, 0, n)),
      run("gemm", () => gemm(a, b, options)),
      // Called in a place of their own, as a program would: a place where many functions are called is slower.
      run("prepared", () => one()),
      run("sequence", () => ten()),
      python.contestant("np.matmul", `gemm ${n} d ${budget} cpu`),
      run("plain JS", () => {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let k = 0; k < n; k++) sum += x[i * n + k]! * y[k * n + j]!;
            z[i * n + j] = sum;
          }
        }
      }),
    ],
    rounds,
  );
  const each = sequence!.time / 10;
  const over = (time: number) => figure(numpy!.time / time);
  const ours = [direct!.time, matrix!.time, kept!.time, each];
  row(n, ...ours, numpy!.time, ...ours.map(over), figure(plain!.ratio));
}
python.stop();

// The floor: what Node-API takes for arguments of which nothing is made, the product of empty matrices among them.
const x = new Float64Array(16);
const floor = table("arguments read, nothing done", "ns");
const empty = Matrix.zeros(0, 0);
const reads: [string, () => void][] = [
  ["none (prepared, no elements)", prepared.scale(1, empty)],
  ["one array (dscal)", () => binding.dscal(0, 0, 1, x, 0, 1)],
  ["two arrays (daxpy)", () => binding.daxpy(0, 0, 1, x, 0, 1, x, 0, 1)],
  ["three arrays (dgemm)", () => routines(x).gemm(false, false, 0, 0, 0, 1, x, 0, 1, x, 0, 1, 0, x, 0, 1)],
  ["the same, not packed", () => binding.dgemm(false, false, 0, 0, 0, 1, x, 0, 1, x, 0, 1, 0, x, 0, 1)],
];
const times = await contest(
  reads.map(([name, body]) => local(name, body, { budget })),
  rounds,
);
for (const [i, [name]] of reads.entries()) floor(name, times[i]!.time);
