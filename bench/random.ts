/**
 * Nanoseconds per random number: this library's normals on every path the processor has, against numpy (where python3
 * with numpy is present) and Box–Muller over Math.random. All run in turn, round after round; medians of the processor
 * time are printed, which other work on the machine disturbs least.
 *
 *     npx tsx bench/random.ts [rounds]
 */
import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { binding } from "../lib/binding.js";
import { Stream } from "../lib/random/index.js";

const n = 4096;
const repeats = 200;
const rounds = Number(process.argv[2] ?? 11);

const double = new Float64Array(n);
const single = new Float32Array(n);
const stream = new Stream(1, "bench");

function time(draw: () => void): number {
  draw();
  const start = process.cpuUsage();
  for (let i = 0; i < repeats; i++) draw();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / repeats / n;
}

function mathRandom(): void {
  for (let i = 0; i < n; i += 2) {
    const r = Math.sqrt(-2 * Math.log(1 - Math.random()));
    const phi = 2 * Math.PI * Math.random();
    double[i] = r * Math.cos(phi);
    double[i + 1] = r * Math.sin(phi);
  }
}

/** One question, one answer; undefined where there is no python3 with numpy. */
async function numpy(): Promise<{ ask(line: string): Promise<string>; close(): void } | undefined> {
  const child = spawn("python3", [fileURLToPath(new URL("peers/random.py", import.meta.url))], { stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const peer = {
    async ask(line: string) {
      child.stdin.write(`${line}\n`);
      return String((await lines.next()).value ?? "");
    },
    close: () => child.stdin.end(),
  };
  return (await peer.ask("version 0 0")) ? peer : undefined;
}

const peer = await numpy();
const rows: [name: string, measure: () => number | Promise<number>][] = [];
for (const path of ["avx512", "avx2", "portable"] as const) {
  try {
    binding.randomPath(path);
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
        binding.randomPath(path);
        return time(() => stream.normal(out));
      },
    ]);
  }
}
binding.randomPath("auto");
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
    rows.push([name!, async () => Number(await peer.ask(`${kind} ${n} ${repeats}`))]);
  }
}

const times = rows.map(() => [] as number[]);
for (let round = 0; round < rounds; round++) {
  for (const [i, [, measure]] of rows.entries()) times[i]!.push(await measure());
}
binding.randomPath("auto");
const version = peer && (await peer.ask("version 0 0"));
peer?.close();

const median = times.map((t) => t.sort((a, b) => a - b)[Math.floor(t.length / 2)]!);
const peerRow = rows.findIndex(([name]) => name === "numpy normal, Philox");
console.log(
  `${cpus()[0]?.model ?? "unknown processor"}, one thread, path in use ${binding.randomPath()}; ` +
    `Node ${process.version}${version ? `, numpy ${version}` : ", no numpy"}; ${n} numbers a call, median of ${rounds} rounds`,
);
console.log(
  `${"".padEnd(32)}${"ns/number".padStart(10)}${"fastest".padStart(10)}${peer ? "numpy/this, by medians and by fastest".padStart(40) : ""}`,
);
rows.forEach(([name], i) => {
  const ratios = [median, times.map((t) => t[0]!)].map((t) => (t[peerRow]! / t[i]!).toFixed(1).padStart(20));
  console.log(
    `${name.padEnd(32)}${median[i]!.toFixed(2).padStart(10)}${times[i]![0]!.toFixed(2).padStart(10)}${peer && name.startsWith("normal") ? ratios.join("") : ""}`,
  );
});
