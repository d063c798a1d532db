/**
 * Milliseconds per training step of the paper's method (stylised KFAC on G, least-squares head on a batch of its own;
 * d = 100, k = 8, dy = 15, n = 1024, condition number 1000), generating the data included where it is fresh:
 *
 * - explicit: every example is drawn, two batches per step;
 * - statistics: the batches' sufficient statistics are drawn exactly in law, no example exists. Other random numbers;
 * - fixed: the same data at every step, full pass; moment form: the same loss from d + dy columns computed once.
 *
 * Peers do the same in plain JavaScript, numpy and torch (where python3 has them). All run in turn, round after round, one
 * thread each; medians of the processor time, which other work on the machine disturbs least, are printed with the ratio
 * to this library. Set OPENBLAS_CORETYPE to choose the kernels of both (this library's and numpy's).
 *
 *     npx tsx bench/paper-step.ts [rounds = 7]
 */
import { binding } from "../lib/binding.js";
import { gemm, Matrix, qr } from "../lib/linalg/index.js";
import {
  alternatingTraining,
  Batch,
  Batches,
  batchOf,
  randomTask,
  randomTrunk,
  Student,
  stylisedTrunkStep,
} from "../lib/models/linear-representation/index.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { countArgument, median, milliseconds, Peer } from "./harness.js";

const d = 100;
const k = 8;
const dy = 15;
const n = 1024;
const noise = 0.01;
const lr = 0.3;

const stream = new Stream(0, "paper step");
const task = randomTask(stream.child("task"), randomTrunk(stream.child("trunk"), k, d), { dy, cond: 1000, condF: 0, noise });

function student(): Student {
  const initial = stream.child("initialisation");
  return new Student(
    initial.child("F").normal(Matrix.zeros(dy, k)),
    initial.child("G").normal(Matrix.zeros(k, d), { std: 1 / Math.sqrt(d) }),
  );
}

function fresh(sampling: "batch" | "statistics"): () => void {
  const batches = (name: string) => new Batches(stream.child(name), task, { n, sampling, inputs: "gaussian" });
  const training = alternatingTraining(student(), batches("trunk"), batches("head"), stylisedTrunkStep(0));
  return () => void training.step(lr);
}

/** One batch at every step; `touch` so that nothing about the data is remembered between steps. */
function fixed(batch: Batch, remember: boolean): () => void {
  const next = () => {
    if (!remember) batch.touch();
    return batch;
  };
  const source = { batch, next } as unknown as Batches;
  const training = alternatingTraining(student(), source, source, stylisedTrunkStep(0));
  return () => void training.step(lr);
}

function fixedData(): { direct: Batch; moments: Batch } {
  const { u, y, color } = new Batches(stream.child("fixed"), task, { n, sampling: "batch", inputs: "gaussian" }).next();
  const x = gemm(u.T, color!);
  const outputs = gemm(y.T, Matrix.identity(dy));
  const all = Matrix.zeros(n, d + dy);
  all.block(0, 0, n, d).copy(x);
  all.block(0, d, n, dy).copy(outputs);
  const lower = gemm(qr(all).r.T, Matrix.identity(d + dy));
  const moments = new Batch(lower.block(0, 0, d, d + dy), lower.block(d, 0, dy, d + dy), n);
  moments.root = lower.block(0, 0, d, d);
  return { direct: batchOf(x, outputs), moments };
}

/** The same step as loops over arrays of numbers, with Math.random and Box–Muller. */
function plainJavaScript(): () => void {
  type Rows = Float64Array[];
  const zeros = (rows: number, cols: number): Rows => Array.from({ length: rows }, () => new Float64Array(cols));
  const product = (a: Rows, b: Rows): Rows => {
    const out = zeros(a.length, b[0]!.length);
    for (let i = 0; i < a.length; i++) {
      for (let l = 0; l < b.length; l++) {
        const s = a[i]![l]!;
        const from = b[l]!;
        const to = out[i]!;
        for (let j = 0; j < to.length; j++) to[j]! += s * from[j]!;
      }
    }
    return out;
  };
  const transpose = (a: Rows): Rows => {
    const out = zeros(a[0]!.length, a.length);
    for (let i = 0; i < a.length; i++) for (let j = 0; j < a[0]!.length; j++) out[j]![i] = a[i]![j]!;
    return out;
  };
  const solve = (matrix: Rows, right: Rows): Rows => {
    const a = matrix.map((row) => row.slice());
    const b = right.map((row) => row.slice());
    for (let p = 0; p < a.length; p++) {
      for (let i = 0; i < a.length; i++) {
        if (i === p) continue;
        const s = a[i]![p]! / a[p]![p]!;
        for (const m of [a, b]) {
          const from = m[p]!;
          const to = m[i]!;
          for (let j = 0; j < to.length; j++) to[j]! -= s * from[j]!;
        }
      }
    }
    return b.map((row, i) => row.map((value) => value / a[i]![i]!));
  };
  const gaussian = (rows: number, cols: number): Rows => {
    const out = zeros(rows, cols);
    for (const row of out) {
      for (let j = 0; j < cols; j += 2) {
        const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
        const angle = 2 * Math.PI * Math.random();
        row[j] = radius * Math.cos(angle);
        if (j + 1 < cols) row[j + 1] = radius * Math.sin(angle);
      }
    }
    return out;
  };
  const rows = (a: Matrix): Rows => a.toArrays().map((row) => Float64Array.from(row));
  const root = rows(task.covariance.sqrt);
  const mapT = transpose(rows(task.map));
  const { head, trunk } = student();
  let f = rows(head);
  const g = rows(trunk);
  const batch = () => {
    const x = product(gaussian(n, d), root);
    const y = product(x, mapT);
    const e = gaussian(n, dy);
    for (let i = 0; i < n; i++) for (let j = 0; j < dy; j++) y[i]![j]! += noise * e[i]![j]!;
    return { x, y };
  };
  return () => {
    const { x, y } = batch();
    const residual = product(product(x, transpose(g)), transpose(f));
    for (let i = 0; i < n; i++) for (let j = 0; j < dy; j++) residual[i]![j]! -= y[i]![j]!;
    const gradient = product(transpose(product(residual, f)), x);
    const direction = solve(product(transpose(f), f), transpose(solve(product(transpose(x), x), transpose(gradient))));
    for (let a = 0; a < k; a++) for (let j = 0; j < d; j++) g[a]![j]! -= lr * direction[a]![j]!;
    const second = batch();
    const z = product(second.x, transpose(g));
    f = transpose(solve(product(transpose(z), z), product(transpose(z), second.y)));
  };
}

interface Contestant {
  name: string;
  group: "fresh" | "fixed";
  ours: boolean;
  /** Milliseconds of processor time per step. */
  measure(): Promise<number> | number;
}

function local(name: string, group: Contestant["group"], ours: boolean, steps: number, step: () => void): Contestant {
  for (let i = 0; i < Math.min(steps, 50); i++) step();
  const run = () => {
    for (let i = 0; i < steps; i++) step();
  };
  return { name, group, ours, measure: () => milliseconds(run) / steps };
}

/** numpy, and torch where $TORCH_PYTHON (python3) has it. */
async function python(): Promise<{ contestants: Contestant[]; stop(): void }> {
  const peers = [Peer.python("paper_step.py"), Peer.python("paper_step.py", 1, process.env.TORCH_PYTHON)];
  const [numpy, torch] = await Promise.all(peers.map(async (peer) => (await peer.text("names")).split(",").filter(Boolean)));
  const named = [
    ...numpy!.filter((name) => name === "numpy").map((name) => ({ name, peer: peers[0]! })),
    ...torch!.filter((name) => name !== "numpy").map((name) => ({ name, peer: peers[1]! })),
  ];
  const contestants = named.flatMap(({ name, peer }) =>
    (["explicit", "fixed"] as const).map((mode) => ({
      name: `${name}, ${mode}`,
      group: mode === "fixed" ? ("fixed" as const) : ("fresh" as const),
      ours: false,
      measure: async () => (await peer.ask(`${name} ${mode} 40`)) ?? Number.NaN,
    })),
  );
  const stop = () => {
    for (const peer of peers) peer.stop();
  };
  return { contestants, stop };
}

setThreads(1);
const rounds = countArgument(1, 7);
const { direct, moments } = fixedData();
const peers = await python();
const contestants: Contestant[] = [
  local("layerwise, explicit", "fresh", true, 40, fresh("batch")),
  local("layerwise, statistics", "fresh", true, 200, fresh("statistics")),
  local("plain JavaScript, explicit", "fresh", false, 2, plainJavaScript()),
  local("layerwise, fixed", "fixed", true, 40, fixed(direct, false)),
  local("layerwise, fixed, moment form", "fixed", true, 200, fixed(moments, true)),
  ...peers.contestants,
];
const times = contestants.map(() => [] as number[]);
for (let round = 0; round < rounds; round++) {
  for (const [i, contestant] of contestants.entries()) times[i]!.push(await contestant.measure());
}
peers.stop();

const { coreType } = binding.blasInfo();
console.log(`OpenBLAS core type ${coreType}, ${rounds} rounds, medians in ms per step (least); peer time / ours\n`);
for (const group of ["fresh", "fixed"] as const) {
  const mine = contestants.map((c, i) => ({ ...c, ms: median(times[i]!), least: Math.min(...times[i]!) })).filter((c) => c.group === group);
  const ours = mine.filter((c) => c.ours);
  for (const { name, ms, least, ours: own } of mine) {
    const ratios = own ? "" : ours.map((o) => `${(ms / o.ms).toFixed(1)}× ${o.name.replace("layerwise, ", "")}`).join(", ");
    console.log(`${name.padEnd(32)} ${ms.toFixed(3).padStart(8)} (${least.toFixed(3)})  ${ratios}`);
  }
  console.log();
}
