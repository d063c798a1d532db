// All benchmarks in short form, one after another (some minutes): what they print is Markdown, more or less. Each can be
// run by itself at length; see the head of its file.
//
//   npm run bench [-- name…]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const short: Record<string, string[]> = {
  calls: ["--rounds", "5"],
  blas: ["--rounds", "3", "--budget", "10", "--sizes", "4,32,128,512"],
  kronecker: ["--rounds", "3", "--budget", "20"],
  roots: ["--rounds", "3", "--steps", "200", "--sizes", "64,128,256"],
  steps: ["--rounds", "3", "--budget", "30", "--sizes", "64,256"],
  "paper-step": ["5"],
  random: ["5"],
  memory: ["10000"],
  sweep: ["1", "60"],
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(short, name));
if (unknown) throw new Error(`bench: there is no "${unknown}", there are ${Object.keys(short).join(", ")}`);
for (const name of chosen.length ? chosen : Object.keys(short)) {
  console.log(`\n## ${name}\n`);
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, ["--import", "tsx", script, ...short[name]!], { stdio: "inherit" });
  if (status) process.exitCode = status;
}
