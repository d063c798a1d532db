// The fused routines of a step against numpy: the factor update F ← βF + (1−β)XᵀX/1024 and the plain product XᵀX (d ≤ 128 … 512, 1024 examples),
// the two-sided apply L·G·R, and Muon's polar factor by five quintics. Ratios: numpy's time over ours.
//
//   npx tsx bench/kronecker.ts [--rounds 5] [--budget 20] [--sizes 32,64,100,128,256,512] [--precisions d,s]
import { parseArgs } from "node:util";
import { kroneckerApply, kroneckerFactorUpdate, Matrix, orthogonalize, syrk } from "../lib/linalg/index.js";
import type { Real } from "../lib/linalg/matrix.js";
import { Stream } from "../lib/random/index.js";
import { setThreads } from "../lib/runtime.js";
import { contest, local, numbers, Peer, table } from "./harness.js";
import { machineLine } from "./machine.js";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    budget: { type: "string", default: "20" },
    sizes: { type: "string", default: "32,64,100,128,256,512" },
    precisions: { type: "string", default: "d,s" },
  },
});
const budget = Number(flags.budget);

setThreads(1);
const python = Peer.python("linalg.py");
console.log(`${machineLine()}\nprocessor time, medians of ${flags.rounds} rounds; ×: numpy over ours`);
for (const precision of flags.precisions.split(",")) {
  const dtype = precision === "d" ? "float64" : "float32";
  const row = table(`${dtype}, n`, "XᵀX, µs", "×", "update, µs", "×", "apply, µs", "×", "polar, µs", "×");
  for (const n of numbers(flags.sizes)) {
    const stream = new Stream(0, "bench kronecker", n);
    const normal = (rows: number) => stream.normal(Matrix.zeros(rows, n, dtype) as Matrix<Real>) as Matrix<Real>;
    const [x, left, g, right] = [1024, n, n, n].map(normal) as [Matrix<Real>, Matrix<Real>, Matrix<Real>, Matrix<Real>];
    const [factor, out] = [normal(n), normal(n)];
    const bodies: [string, () => void][] = [
      ["factor", () => syrk(x.T, { out })],
      ["ema", () => kroneckerFactorUpdate(factor, x, { beta: 0.95, scale: 0.05 / 1024 })],
      ["apply", () => kroneckerApply(left, g, right, { out })],
      ["polar", () => orthogonalize(g, { method: "newton-schulz", steps: 5, out })],
    ];
    const cells: number[] = [];
    for (const [name, body] of bodies) {
      const line = `${name} ${n} ${precision} ${budget} cpu`;
      const [mine, theirs] = await contest([local(name, body, { budget }), python.contestant("numpy", line)], Number(flags.rounds));
      cells.push(mine!.time / 1e3, theirs!.ratio);
    }
    row(n, ...cells);
  }
}
python.stop();
