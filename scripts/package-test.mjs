#!/usr/bin/env node
// Installs the packed tarball into an empty folder, with a bare PATH and OpenBLAS hidden where that is possible, and uses it as its
// users would: ESM, TypeScript under three module resolutions, worker threads, every bundled set of kernels, the command line.
// Needs `prebuilds/` (npm run prebuild:pack).
//
//   --runtimes   also Node 22, 24, 26, Bun and Deno, from the npm registry, where they can be installed
//   --reproduce  also the paper's figures and claims, quick mode
//   --source     also the build from source in the installed package, as the loader names it
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), "layerwise-package-"));
const results = [];

/** A folder with nothing but what an npm user has: no compiler, no CMake, no Python. */
const barePath = join(work, "bin");
mkdirSync(barePath);
for (const tool of ["node", "npm", "npx", "sh", "env", "dirname", "readlink", "uname"]) {
  const found = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim();
  if (found) symlinkSync(found, join(barePath, tool));
}
const bare = {
  HOME: process.env.HOME,
  PATH: barePath,
  ...Object.fromEntries(Object.entries(process.env).filter(([k]) => /^(npm_config_|NODE_EXTRA|SSL_|OPENBLAS_)/i.test(k))),
};

/** Hides the system's OpenBLAS behind an empty folder, where mount namespaces are allowed. */
const openblas = "/usr/lib/x86_64-linux-gnu/openblas-pthread";
const canHide = existsSync(openblas) && spawnSync("unshare", ["-m", "true"]).status === 0;
const empty = join(work, "empty");
mkdirSync(empty);
function runHidden(command, args, options) {
  if (!canHide) return execFileSync(command, args, options);
  return execFileSync("unshare", ["-m", "sh", "-c", `mount --bind "${empty}" ${openblas} && exec "$@"`, "sh", command, ...args], {
    ...options,
    env: { ...options.env, PATH: `${options.env.PATH}:/usr/bin:/bin` },
  });
}

/** What ends a check without a verdict. */
class Skipped extends Error {}

function check(name, body) {
  const start = performance.now();
  let verdict = "ok  ";
  let note = "";
  try {
    note = body() ?? "";
  } catch (error) {
    verdict = error instanceof Skipped ? "skip" : "FAIL";
    note = `${error.message}\n${error.stdout ?? ""}${error.stderr ?? ""}`.trim();
  }
  results.push(verdict !== "FAIL");
  console.log(`${verdict} ${name}${note ? `: ${note}` : ""} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

/** Largest tarball, and largest unpacked folder of the package itself, in bytes. */
const budget = { packed: 5e6, unpacked: 14e6 };

const quickStart = readFileSync(join(root, "README.md"), "utf8").match(/```ts\n(\/\/ quick start[\s\S]*?)```/)?.[1];
if (!quickStart) throw new Error("README.md has no code block that begins with `// quick start`");

rmSync(join(root, "dist"), { recursive: true, force: true });
execFileSync("npm", ["run", "--silent", "build:ts"], { cwd: root, stdio: "inherit" });
const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", work], { cwd: root, encoding: "utf8" }));
const tarball = join(work, packed.filename);
const project = join(work, "project");
mkdirSync(project);
writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
const installed = join(project, "node_modules", "layerwise");

/** Runs a script of the project the way a user without compiler and OpenBLAS would; its output. */
const runScript = (name, args = [], env = {}) =>
  runHidden(process.execPath, [name, ...args], { cwd: project, env: { ...bare, ...env }, encoding: "utf8", stdio: "pipe" }).trim();
const runTool = (name, args) =>
  void execFileSync(process.execPath, [join(root, "node_modules", name), ...args], { cwd: root, stdio: "pipe" });

check("size within budget", () => {
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const sizes = `${megabytes(packed.size)} packed, ${megabytes(packed.unpackedSize)} unpacked, ${packed.entryCount} files`;
  if (packed.size > budget.packed || packed.unpackedSize > budget.unpacked) throw new Error(`${sizes}; allowed: ${JSON.stringify(budget)}`);
  return sizes;
});
check("publint", () => runTool("publint/src/cli.js", ["run", tarball, "--strict"]));
check("are the types wrong", () => runTool("@arethetypeswrong/cli/dist/index.js", [tarball, "--profile", "esm-only", "--no-emoji"]));
check("installs with a bare PATH", () => {
  const start = performance.now();
  execFileSync(join(barePath, "npm"), ["install", "--no-audit", "--no-fund", tarball], { cwd: project, env: bare, stdio: "pipe" });
  const seconds = (performance.now() - start) / 1000;
  const size = execFileSync("du", ["-sm", join(project, "node_modules")], { encoding: "utf8" }).split("\t")[0];
  return `${seconds.toFixed(1)} s, node_modules ${size} MB with all dependencies`;
});
writeFileSync(join(project, "quick-start.mjs"), quickStart);
check(`quick start as ESM${canHide ? ", OpenBLAS hidden" : ""}`, () => runScript("quick-start.mjs").split("\n").pop());
writeFileSync(
  join(project, "workers.mjs"),
  `import { Worker, isMainThread } from "node:worker_threads";
if (isMainThread) {
  const codes = await Promise.all(Array.from({ length: 4 }, () => new Promise((resolve, reject) => new Worker(new URL(import.meta.url)).on("exit", resolve).on("error", reject))));
  if (codes.some((code) => code !== 0)) throw new Error(codes.join());
} else await import("./quick-start.mjs");\n`,
);
check("quick start in four worker threads", () => void runScript("workers.mjs"));
check("every subpath, without the optional peers", () => {
  const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const names = Object.keys(exports).filter((name) => !name.endsWith(".json"));
  writeFileSync(join(project, "subpaths.mjs"), names.map((name) => `await import("layerwise${name.slice(1)}");\n`).join(""));
  runScript("subpaths.mjs");
  return `${names.length}`;
});
const layerwise = (...args) => runScript("node_modules/.bin/layerwise", args);
check("the command line", () => layerwise("doctor").split("\n").pop());
check("a figure and its report", () => {
  layerwise("sweep", "single-index-alignment", "d=20", "draws=2", "phi=0.5,1,2", "--out", "figures");
  layerwise("report", "figures");
  const page = readFileSync(join(project, "figures", "report.html"), "utf8");
  if (!/<svg[\s\S]*<\/svg>/.test(page)) throw new Error("no figure in report.html");
  return `${Math.round(page.length / 1000)} kB`;
});
check("an experiment of one's own, in TypeScript, with the optional peer esbuild", () => {
  const experiment = `import { defineExperiment } from "layerwise/experiments";
import { z } from "zod";
const schema = z.strictObject({ seed: z.int().default(0).describe("seed"), x: z.number().default(0).describe("x") });
export default defineExperiment({ id: "mine", title: "Mine", summary: "One.", schema, trial: ({ x }: { x: number }) => ({ y: 2 * x }) });\n`;
  writeFileSync(join(project, "mine.ts"), experiment);
  const sweep = () => layerwise("sweep", "./mine.ts", "x=1,2,3", "--out", "sweep");
  let refused = "";
  try {
    sweep();
  } catch (error) {
    refused = error.stderr;
  }
  if (!refused.includes("npm install esbuild")) throw new Error(`without esbuild, expected to be told to install it, got: ${refused}`);
  symlinkSync(join(root, "node_modules", "esbuild"), join(project, "node_modules", "esbuild"));
  sweep();
  const lines = readFileSync(join(project, "sweep", "results.csv"), "utf8")
    .trim()
    .split("\n");
  if (lines.length !== 4) throw new Error(`expected three results:\n${lines.join("\n")}`);
});

// Every set of kernels in the binary that this processor can run (others would end in an illegal instruction).
writeFileSync(join(project, "kernels.mjs"), readFileSync(join(root, "scripts", "kernels-test.mjs")));
const flags = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
const coreTypes = ["Prescott", "Nehalem", ...(/\bavx\b/.test(flags) ? ["Sandybridge"] : [])];
if (/\bavx2\b/.test(flags)) coreTypes.push("Haswell", "Zen");
if (/\bavx512vl\b/.test(flags)) coreTypes.push("SkylakeX");
for (const coreType of process.arch === "x64" ? coreTypes : []) {
  check(`right results with the ${coreType} kernels`, () => runScript("kernels.mjs", [], { OPENBLAS_CORETYPE: coreType }));
}

for (const [module, moduleResolution] of [
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
]) {
  check(`types under ${moduleResolution}`, () => {
    writeFileSync(join(project, "quick-start.mts"), quickStart);
    const options = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--module",
      module,
      "--moduleResolution",
      moduleResolution,
      "--types",
      "node",
      "--typeRoots",
      join(root, "node_modules/@types"),
      "quick-start.mts",
    ];
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...options], { cwd: project, stdio: "pipe" });
  });
}

if (process.argv.includes("--reproduce")) {
  check("the paper's figures and claims", () => {
    const lines = layerwise("reproduce", "--quick", "--out", "reproduced").split("\n");
    const missing = ["index.html", "results.json"].filter((name) => !existsSync(join(project, "reproduced", name)));
    if (missing.length) throw new Error(`not written: ${missing.join(", ")}`);
    return lines.at(-1);
  });
}
if (process.argv.includes("--runtimes")) {
  const runtimes = [
    ...["22", "24", "26"].map((major) => [`Node ${major}`, `node@${major}`, "node/bin/node", []]),
    ["Bun", "bun", "bun/bin/bun.exe", ["run"]],
    ["Deno", "deno", "deno/deno", ["run", "-A", "--node-modules-dir=manual"]],
  ];
  for (const [name, spec, binary, args] of runtimes) {
    const folder = join(work, spec.replace("@", "-"));
    mkdirSync(folder);
    check(name, () => {
      // The packages put their binaries in place by an install script, which npm wants to be allowed.
      const allowScripts = { [spec.split("@")[0]]: true };
      writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, allowScripts }));
      const { status, stderr } = spawnSync("npm", ["install", "--no-audit", "--no-fund", spec], { cwd: folder, encoding: "utf8" });
      if (status !== 0) throw new Skipped(`cannot be installed here: ${stderr.trim().split("\n")[0]}`);
      const executable = join(folder, "node_modules", binary);
      runHidden(executable, [...args, "quick-start.mjs"], { cwd: project, env: bare, encoding: "utf8", stdio: "pipe" });
      return execFileSync(executable, ["--version"], { encoding: "utf8" }).trim().split("\n")[0];
    });
  }
}

check("a missing binary is explained", () => {
  rmSync(join(installed, "prebuilds"), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, ["quick-start.mjs"], { cwd: project, env: bare, encoding: "utf8" });
  const command = `node ${JSON.stringify(join(installed, "scripts", "setup.mjs"))}`;
  if (status === 0 || !stderr.includes(command)) throw new Error(`expected \`${command}\` in:\n${stderr}`);
});
if (process.argv.includes("--source")) {
  check("builds from source where it was installed", () => {
    execFileSync(process.execPath, [join(installed, "scripts", "setup.mjs")], { cwd: project, stdio: "pipe" });
    return execFileSync(process.execPath, ["quick-start.mjs"], { cwd: project, encoding: "utf8", stdio: "pipe" }).trim().split("\n").pop();
  });
}

rmSync(work, { recursive: true, force: true });
if (!canHide) console.log("note: OpenBLAS could not be hidden here (needs root and mount namespaces)");
process.exitCode = results.every(Boolean) ? 0 : 1;
