// Inverse roots at every step of a moving average: the guarded first-order update (WarmRoot) against an eigendecomposition at
// every step, ours and scipy's; and p = 1 against np.linalg.inv. Processor time, one thread, rounds interleaved, medians of ratios.
// The error is ‖X − X*‖_F / ‖X*‖_F against the exact root of the same factor (in double precision), over the steps looked at that
// were not exact: the largest, the mean, and how many exceeded the tolerance.
//
//   npx tsx bench/roots.ts [--sizes 64,256] [--p 4] [--betas 0.99] [--tolerances 1e-3,1e-4] [--steps 200] [--batch n]
//                          [--condition 1e3] [--rounds 5] [--path still|turning|spikes] [--every 1] [--dtype float64] [--no-peers]
import { parseArgs } from "node:util";
import { type DType, gemm, inverseRoot, kroneckerFactorUpdate, Matrix, norm, type Real, WarmRoot } from "../lib/linalg/index.js";
import { orthogonal, Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { median, milliseconds, numbers, Peer } from "./harness.js";
import { machineLine } from "./machine.js";

const { values: flags } = parseArgs({
  options: {
    sizes: { type: "string", default: "64,128,256,512" },
    p: { type: "string", default: "4" },
    betas: { type: "string", default: "0.99" },
    tolerances: { type: "string", default: "1e-3,1e-4" },
    steps: { type: "string" },
    batch: { type: "string" },
    condition: { type: "string", default: "1e3" },
    rounds: { type: "string", default: "5" },
    path: { type: "string", default: "still" },
    every: { type: "string", default: "1" },
    dtype: { type: "string", default: "float64" },
    "no-peers": { type: "boolean", default: false },
  },
});
const p = Number(flags.p);
const rounds = Number(flags.rounds);
const dtype = flags.dtype as DType;

/** The moving average of second moments of batches whose covariance stays, turns slowly, or grows 900-fold now and then. */
function movingFactor(n: number, batch: number, beta: number, condition: number): (t: number) => Matrix<Real> {
  const stream = new Stream(0, "bench roots", n, batch, beta);
  const rotation = orthogonal(stream.child("basis"), n);
  const root = rotation.clone();
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) root.data[i * n + j]! *= condition ** (-0.5 * (j / (n - 1)));
  const [z, x] = [Matrix.zeros(batch, n), Matrix.zeros(batch, n)];
  const [rounded, factor]: Matrix<Real>[] = [dtype === "float64" ? x : Matrix.zeros(batch, n, dtype), Matrix.zeros(n, n, dtype)];
  const samples = stream.child("samples");
  return (t) => {
    samples.normal(z);
    gemm(z, root.T, { out: x });
    if (flags.path === "turning") {
      const [c, s] = [Math.cos(t / 500), Math.sin(t / 500)];
      for (let i = 0; i < batch; i++) {
        for (let j = i * n; j + 1 < (i + 1) * n; j += 2) {
          const [u, v] = [x.data[j]!, x.data[j + 1]!];
          x.data[j] = c * u - s * v;
          x.data[j + 1] = s * u + c * v;
        }
      }
    }
    const scale = (flags.path === "spikes" && t % 97 === 50 ? 900 : 1) / batch;
    if (rounded !== x) rounded!.data.set(x.data);
    return kroneckerFactorUpdate(factor!, rounded!, { beta: t === 0 ? 0 : beta, scale });
  };
}

setThreads(1);
const peer = flags["no-peers"] ? null : Peer.python("roots.py");
const ask = (mode: string, n: number, repeats: number) => peer?.ask(`${mode} ${n} ${p} ${repeats}`) ?? null;
console.log(machineLine());
console.log(
  `${dtype}, p = ${p}, condition ${flags.condition}, path ${flags.path}; ×: how many times quicker than the root by eigh at every step\n`,
);
console.log("| n | β | batch | tolerance | largest error | mean | over | exact steps | ms a step | × ours | × scipy |");
console.log("|---|---|---|---|---|---|---|---|---|---|---|");
for (const n of numbers(flags.sizes)) {
  const batch = flags.batch ? Number(flags.batch) : n;
  const steps = flags.steps ? Number(flags.steps) : Math.max(60, Math.round(40_000 / n));
  const perRound = Math.ceil(steps / rounds);
  const repeats = Math.max(2, Math.round(400 / n));
  for (const beta of numbers(flags.betas)) {
    for (const tolerance of numbers(flags.tolerances)) {
      const path = movingFactor(n, batch, beta, Number(flags.condition));
      const root = new WarmRoot<Real>(n, { p, damping: 1e-6, relativeTo: "trace", tolerance, dtype });
      const [out, exact]: Matrix<Real>[] = [Matrix.zeros(n, n, dtype), Matrix.zeros(n, n, dtype)];
      const truth = Matrix.zeros(n, n);
      const errors: number[] = [];
      let t = 0;
      // The average has its own history before the clock starts.
      while (t < Math.min(100, 2 / (1 - beta))) path(t++);
      const [mine, ours, theirs]: [number[], number[], (number | null)[]] = [[], [], []];
      for (let round = 0; round < rounds; round++) {
        let warm = 0;
        let eigh = 0;
        let looked = 0;
        for (let k = 0; k < perRound; k++, t++) {
          const factor = path(t);
          warm += milliseconds(() => root.update(factor, { out: out! }));
          if (k % Number(flags.every) !== 0) continue;
          looked++;
          eigh += milliseconds(() => inverseRoot(factor, { p, damping: 1e-6, relativeTo: "trace", method: "eigh", out: exact! }));
          if (root.info.method !== "first-order") continue;
          if (dtype === "float64") truth.data.set(exact!.data);
          else inverseRoot(truth.copy(factor as Matrix), { p, damping: 1e-6, relativeTo: "trace", method: "eigh", out: truth });
          let error = 0;
          for (let i = 0; i < n * n; i++) error += (out!.data[i]! - truth.data[i]!) ** 2;
          errors.push(Math.sqrt(error) / norm(truth));
        }
        mine.push(warm / perRound);
        ours.push(eigh / looked);
        theirs.push(await ask("scipy", n, repeats));
      }
      const ratio = (xs: readonly (number | null)[]) =>
        xs.every((x) => x !== null) ? median(xs.map((x, i) => x! / mine[i]!)).toFixed(2) : "–";
      const share = ((100 * root.counts.exact) / root.counts.updates).toFixed(1);
      const [largest, mean] = errors.length
        ? [Math.max(...errors), errors.reduce((sum, x) => sum + x, 0) / errors.length]
        : [Number.NaN, Number.NaN];
      const over = errors.filter((x) => x > tolerance).length;
      console.log(
        `| ${n} | ${beta} | ${batch} | ${tolerance} | ${largest.toExponential(1)} | ${mean.toExponential(1)} | ${over} of ${errors.length} | ${share} % | ${median(mine).toFixed(3)} | ${ratio(ours)} | ${ratio(theirs)} |`,
      );
    }
  }
}

console.log("\n| n | p = 1 by Cholesky, ms | np.linalg.inv, ms | × |\n|---|---|---|---|");
for (const n of numbers(flags.sizes)) {
  const a = movingFactor(n, 2 * n, 0, Number(flags.condition))(0);
  const out: Matrix<Real> = Matrix.zeros(n, n, dtype);
  const repeats = Math.max(4, Math.round(4000 / n));
  const [mine, theirs]: [number[], (number | null)[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    mine.push(
      milliseconds(() => {
        for (let k = 0; k < repeats; k++) inverseRoot(a, { p: 1, damping: 1e-6, relativeTo: "trace", out });
      }) / repeats,
    );
    theirs.push(await ask("inv", n, repeats));
  }
  const known = theirs.every((x) => x !== null);
  const [cells, ratio] = known
    ? [median(theirs as number[]).toFixed(3), median(theirs.map((x, i) => x! / mine[i]!)).toFixed(2)]
    : ["–", "–"];
  console.log(`| ${n} | ${median(mine).toFixed(3)} | ${cells} | ${ratio} |`);
}
peer?.stop();
