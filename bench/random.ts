/**
 * Nanoseconds per random number: this library's normals on every path the processor has, against numpy (where python3
 * with numpy is present) and Box–Muller over Math.random. All run in turn, round after round; medians of the processor
 * time are printed, which other work on the machine disturbs least.
 *
 *     npx tsx bench/random.ts [rounds]
 */
import { cpus } from "node:os";
import { binding } from "../lib/binding.js";
import { Stream } from "../lib/random/index.js";
import { countArgument, median, milliseconds, Peer } from "./harness.js";

const n = 4096;
const repeats = 200;
const rounds = countArgument(1, 11);

const double = new Float64Array(n);
const single = new Float32Array(n);
const stream = new Stream(1, "bench");

function time(draw: () => void): number {
  draw();
  const ms = milliseconds(() => {
    for (let i = 0; i < repeats; i++) draw();
  });
  return (1e6 * ms) / repeats / n;
}

function mathRandom(): void {
  for (let i = 0; i < n; i += 2) {
    const r = Math.sqrt(-2 * Math.log(1 - Math.random()));
    const phi = 2 * Math.PI * Math.random();
    double[i] = r * Math.cos(phi);
    double[i + 1] = r * Math.sin(phi);
  }
}

const python = Peer.python("normals.py");
const version = await python.text("version 0 0");
const peer = version ? python : undefined;
const rows: [name: string, measure: () => number | Promise<number>][] = [];
for (const path of ["avx512", "avx2", "portable"] as const) {
  try {
    binding.instructions(path);
  } catch {
    continue;
  }
  for (const [name, out] of [
    ["normal", double],
    ["normal float32", single],
  ] as const) {
    rows.push([
      `${name}, ${path}`,
      () => {
        binding.instructions(path);
        return time(() => stream.normal(out));
      },
    ]);
  }
}
binding.instructions("widest");
rows.push(["uniform", () => time(() => stream.uniform(double))]);
rows.push(["rademacher", () => time(() => stream.rademacher(double))]);
rows.push(["gamma(2.5)", () => time(() => stream.gamma(double, 2.5))]);
rows.push(["Math.random, Box–Muller", () => time(mathRandom)]);
if (peer) {
  for (const [name, kind] of [
    ["numpy normal, Philox", "philox"],
    ["numpy normal, PCG64", "pcg64"],
    ["numpy normal float32, Philox", "float32"],
    ["numpy gamma(2.5), Philox", "gamma"],
  ]) {
    rows.push([name!, async () => (await peer.ask(`${kind} ${n} ${repeats}`)) ?? Number.NaN]);
  }
}

const times = rows.map(() => [] as number[]);
for (let round = 0; round < rounds; round++) {
  for (const [i, [, measure]] of rows.entries()) times[i]!.push(await measure());
}
binding.instructions("widest");
python.stop();

const medians = times.map(median);
const fastest = times.map((t) => Math.min(...t));
const peerRow = rows.findIndex(([name]) => name === "numpy normal, Philox");
console.log(
  `${cpus()[0]?.model ?? "unknown processor"}, one thread, path in use ${binding.instructions()}; ` +
    `Node ${process.version}${version ? `, numpy ${version}` : ", no numpy"}; ${n} numbers a call, median of ${rounds} rounds`,
);
console.log(
  `${"".padEnd(32)}${"ns/number".padStart(10)}${"fastest".padStart(10)}${peer ? "numpy/this, by medians and by fastest".padStart(40) : ""}`,
);
rows.forEach(([name], i) => {
  const ratios = [medians, fastest].map((t) => (t[peerRow]! / t[i]!).toFixed(1).padStart(20));
  console.log(
    `${name.padEnd(32)}${medians[i]!.toFixed(2).padStart(10)}${fastest[i]!.toFixed(2).padStart(10)}${peer && name.startsWith("normal") ? ratios.join("") : ""}`,
  );
});
