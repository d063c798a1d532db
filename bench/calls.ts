// What a call costs: gemm of small matrices through this library (function, binding, prepared), against np.matmul(out=) and plain
// JavaScript, and the bare call of each kind at n = 4. Nanoseconds of processor time, one thread.
//
//   npx tsx bench/calls.ts [--rounds 7] [--budget 20] [--sizes 4,8,16,32,64]
import { parseArgs } from "node:util";
import { binding } from "../lib/binding.js";
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
  "binding, ns",
  "gemm(…), ns",
  "prepared, ns",
  "np.matmul, ns",
  "× binding",
  "× gemm",
  "× prepared",
  "plain JS × binding",
);
for (const n of numbers(flags.sizes)) {
  const stream = new Stream(0, "bench calls", n);
  const [a, b, c] = [stream.normal(Matrix.zeros(n, n)), stream.normal(Matrix.zeros(n, n)), Matrix.zeros(n, n)];
  const [x, y, z] = [a.data, b.data, c.data];
  const options = { out: c };
  const run = (name: string, body: () => void) => local(name, body, { budget });
  const [direct, matrix, kept, numpy, plain] = await contest(
    [
      run("binding", () => binding.dgemm(false, false, n, n, n, 1, x, 0, n, y, 0, n, 0, z, 0, n)),
      run("gemm", () => gemm(a, b, options)),
      run("prepared", prepared.gemm(a, b, options)),
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
  const over = (contestant: { time: number }) => figure(numpy!.time / contestant.time);
  row(n, direct!.time, matrix!.time, kept!.time, numpy!.time, over(direct!), over(matrix!), over(kept!), figure(plain!.ratio));
}
python.stop();
