// gemm, syrk, eigh and Cholesky through the public functions, against the same routine called from C++, numpy, plain JavaScript, ml-matrix and
// tfjs. Ratios: their time over ours. Results go to memory that exists, except where a peer has no such form (np.linalg, ml-matrix, tfjs).
//
//   npx tsx bench/blas.ts [--sizes 4,…,1024] [--routines gemm,syrk,eigh,cholesky] [--precisions d,s] [--threads 1|N] [--rounds 5] [--budget 20]
//
// With more than one thread the clock on the wall is read. `npm run build:bench` builds the C++ side; what is not there is left out.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix as MlMatrix } from "ml-matrix";
import { packageRoot } from "../lib/binding.js";
import { cholesky, eigh, gemm, Matrix, syrk } from "../lib/linalg/index.js";
import type { Real } from "../lib/linalg/matrix.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { type Contestant, contest, figure, local, numbers, Peer, table } from "./harness.js";
import { machineLine } from "./machine.js";

const { values: flags } = parseArgs({
  options: {
    sizes: { type: "string", default: "4,8,16,32,64,128,256,512,1024" },
    routines: { type: "string", default: "gemm,syrk,eigh,cholesky" },
    precisions: { type: "string", default: "d,s" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    budget: { type: "string", default: "20" },
  },
});
const threads = Number(flags.threads);
const budget = Number(flags.budget);
const wall = threads > 1;

/** C ← A·B by loops over rows, the quickest order. */
function plainGemm(n: number, a: Real, b: Real, c: Real): void {
  c.fill(0);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += x * b[k * n + j]!;
    }
  }
}

/** Lower Cholesky factor by loops. */
function plainCholesky(n: number, a: Real, l: Real): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]!;
    }
  }
}

const precise = (a: Matrix<Real>, dtype: "float64" | "float32") => Matrix.zeros(a.rows, a.cols, dtype).copy(a as never) as Matrix<Real>;

/** This library and the peers in this process, for one routine, size and precision. Slow ones only where they take less than a second or so. */
function inProcess(routine: string, n: number, precision: string, wasm: boolean): Contestant[] {
  const dtype = precision === "d" ? "float64" : "float32";
  const stream = new Stream(0, "bench blas", n);
  const doubles = [stream.normal(Matrix.zeros(n, n)), stream.normal(Matrix.zeros(n, n))] as const;
  const definite = Matrix.identity(n);
  syrk(doubles[0], { out: definite, beta: 1 });
  const [a, b, spd] = [...doubles, definite].map((x) => precise(x, dtype)) as [Matrix<Real>, Matrix<Real>, Matrix<Real>];
  const out = precise(a, dtype);
  const values = precise(a, dtype).data.slice(0, n) as Real;
  const run = (name: string, body: () => void) => local(name, body, { budget, wall });
  const ml = (x: Matrix) => new MlMatrix(x.toArrays());
  const contestants: Contestant[] = [];
  const add = (name: string, most: number, body: () => void) => {
    if (n <= most) contestants.push(run(name, body));
  };
  if (routine === "gemm" || routine === "syrk") {
    if (routine === "gemm") add("layerwise", 1e4, () => gemm(a, b, { out }));
    else add("layerwise", 1e4, () => syrk(a, { out }));
    add("plain JS", 256, () => plainGemm(n, a.data, b.data, out.data));
    const [x, y] = [ml(doubles[0]), routine === "gemm" ? ml(doubles[1]) : ml(doubles[0]).transpose()];
    if (precision === "d") add("ml-matrix", 256, () => x.mmul(y));
    if (precision === "s" && wasm) {
      const [u, v] = [tf.tensor2d(a.data as Float32Array, [n, n]), tf.tensor2d(b.data as Float32Array, [n, n])];
      add("tfjs wasm", 1e4, () => tf.matMul(u, v, false, routine === "syrk").dispose());
    }
  } else if (routine === "eigh") {
    add("layerwise", 1e4, () => eigh(spd, { out: { values, vectors: out } }));
    if (precision === "d") add("ml-matrix", 256, () => void new EigenvalueDecomposition(ml(definite), { assumeSymmetric: true }));
  } else {
    add("layerwise", 1e4, () => cholesky(spd, { out }));
    add("plain JS", 256, () => plainCholesky(n, spd.data, out.data));
    if (precision === "d") add("ml-matrix", 256, () => void new CholeskyDecomposition(ml(definite)));
  }
  return contestants;
}

async function startWasm(): Promise<boolean> {
  try {
    const { setThreadsCount } = await import("@tensorflow/tfjs-backend-wasm");
    setThreadsCount(1);
    // Node's fetch does not read files: the module finds its binary beside itself.
    const folder = join(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"), "..");
    (await import("@tensorflow/tfjs-backend-wasm")).setWasmPaths(`${folder}/`);
    return await tf.setBackend("wasm");
  } catch {
    return false;
  }
}

setThreads(threads);
const wasm = await startWasm();
const binary = join(packageRoot, "build/layerwise-bench");
const [c, python] = [existsSync(binary) ? Peer.start(binary, [], threads) : null, Peer.python("linalg.py", threads)];
console.log(
  `${machineLine()}\n${wall ? "time on the clock" : "processor time"}, medians of ${flags.rounds} rounds${wasm ? "" : "; no tfjs wasm"}`,
);
const names = ["C++", "numpy", "scipy evd", "plain JS", "ml-matrix", "tfjs wasm"];
for (const routine of flags.routines.split(",")) {
  for (const precision of flags.precisions.split(",")) {
    const row = table(
      `${routine}, ${precision === "d" ? "float64" : "float32"}, n`,
      "ours, µs",
      "GFLOP/s",
      ...names.map((name) => `× ${name}`),
    );
    const flops = { gemm: 2, syrk: 1, eigh: Number.NaN, cholesky: 1 / 3 }[routine] ?? Number.NaN;
    for (const n of numbers(flags.sizes)) {
      const line = (kind: string) => `${kind} ${n} ${precision} ${budget} ${wall ? "wall" : "cpu"}`;
      const [ours, ...others] = inProcess(routine, n, precision, wasm);
      const results = await contest(
        [
          ours!,
          ...(c ? [c.contestant("C++", line(routine))] : []),
          python.contestant("numpy", line(routine)),
          ...(routine === "eigh" ? [python.contestant("scipy evd", line("scipy-eigh"))] : []),
          ...others,
        ],
        Number(flags.rounds),
        wall ? 200 : 0,
      );
      const order = [
        "layerwise",
        ...(c ? ["C++"] : []),
        "numpy",
        ...(routine === "eigh" ? ["scipy evd"] : []),
        ...others.map(({ name }) => name),
      ];
      const ratio = (name: string) => figure(results[order.indexOf(name)]?.ratio ?? Number.NaN);
      const { time } = results[0]!;
      row(n, time / 1e3, (flops * n ** 3) / time, ...names.map(ratio));
    }
  }
}
c?.stop();
python.stop();
