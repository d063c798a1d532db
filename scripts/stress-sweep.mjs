// A long sweep on one core, on two, and killed five times at random and resumed: every trial must have exactly one ok row and
// the three aggregates must be equal to the bit. Prints the speed-up and the parent's memory.
//   npm run build && node scripts/stress-sweep.mjs [trials=10000] [kills=5]
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [trials = 10_000, kills = 5] = process.argv.slice(2).map(Number);
const root = fileURLToPath(new URL("..", import.meta.url));
const built = join(root, "dist/cli/main.js");
const main = existsSync(built) ? [built] : ["--import", "tsx", join(root, "lib/cli/main.ts")];
const folder = mkdtempSync(join(tmpdir(), "layerwise-stress-"));
const experiment = join(root, "scripts/stress-experiment.ts");

/** Runs a command to its end, or kills it after so many milliseconds. Memory in MiB, sampled once a second. */
async function run(args, killAfter) {
  const started = performance.now();
  const child = spawn(process.execPath, [...main, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const memory = [];
  const sample = setInterval(() => {
    try {
      memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024);
    } catch {
      // It has just ended.
    }
  }, 1000);
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(sample);
  clearTimeout(timer);
  return { code, seconds: (performance.now() - started) / 1000, memory };
}

function check(name) {
  const dir = join(folder, name);
  const ok = new Map();
  for (const file of readdirSync(dir).filter((file) => file.startsWith("trials-"))) {
    for (const line of readFileSync(join(dir, file), "utf8").split("\n").slice(0, -1)) {
      const { id, status } = JSON.parse(line);
      if (status === "ok") ok.set(id, (ok.get(id) ?? 0) + 1);
    }
  }
  const once = [...ok.values()].every((count) => count === 1);
  const sum = createHash("sha256")
    .update(readFileSync(join(dir, "results.csv")))
    .digest("hex");
  console.log(`${name}: ${ok.size} trials with an ok row, each ${once ? "once" : "NOT ONCE"}; results.csv ${sum.slice(0, 16)}`);
  return { good: ok.size === trials && once, sum };
}

const sweep = (name, workers) => ["sweep", experiment, `seed=0:${trials}`, "--out", join(folder, name), "--workers", String(workers)];
const flat = (memory) =>
  `parent ${memory[Math.floor(memory.length / 4)]?.toFixed(0)} MiB after a quarter, ${memory.at(-1)?.toFixed(0)} MiB at the end`;

try {
  const one = await run(sweep("one", 1));
  console.log(`one worker: ${one.seconds.toFixed(1)} s; ${flat(one.memory)}`);
  const two = await run(sweep("two", 2));
  console.log(`two workers: ${two.seconds.toFixed(1)} s, ${(one.seconds / two.seconds).toFixed(2)}×; ${flat(two.memory)}`);
  let last = await run(sweep("killed", 2), ((0.2 + 0.8 * Math.random()) * (1000 * two.seconds)) / (kills + 1) + 1000);
  for (let kill = 1; kill <= kills; kill++) {
    const after = kill < kills ? (0.2 + 0.8 * Math.random()) * ((1000 * two.seconds) / (kills + 1)) + 1000 : undefined;
    last = await run(["resume", join(folder, "killed"), "--workers", "2"], after);
  }
  console.log(`killed ${kills} times and resumed; the last session ended with code ${last.code}`);
  const [a, b, c] = ["one", "two", "killed"].map(check);
  const good = a.good && b.good && c.good && a.sum === b.sum && b.sum === c.sum;
  console.log(good ? "PASS" : "FAIL");
  process.exitCode = good ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
