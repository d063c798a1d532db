#!/usr/bin/env node
// Installs the packed tarball into empty folders, with a bare PATH and OpenBLAS hidden where that is possible, and uses it as its
// users would: ESM, TypeScript under three module resolutions, worker threads, other Node versions and runtimes.
//
//   node scripts/package-test.mjs [--runtimes]     (--runtimes: also Node 22, 24, 26, Bun and Deno, from the npm registry)
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
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

function check(name, body) {
  try {
    const note = body();
    results.push([true, name, note ?? ""]);
  } catch (error) {
    results.push([false, name, `${error.message}\n${error.stdout ?? ""}${error.stderr ?? ""}`.trim()]);
  }
  const [ok, , note] = results.at(-1);
  console.log(`${ok ? "ok  " : "FAIL"} ${name}${note ? `: ${note}` : ""}`);
}

const quickStart = readFileSync(join(root, "README.md"), "utf8").match(/```ts\n(\/\/ quick start[\s\S]*?)```/)?.[1];
if (!quickStart) throw new Error("README.md has no code block that begins with `// quick start`");

const tarball = join(
  work,
  JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", work], { cwd: root, encoding: "utf8" }))[0].filename,
);
const project = join(work, "project");
mkdirSync(project);
writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));

check("installs with a bare PATH", () => {
  const start = performance.now();
  execFileSync(join(barePath, "npm"), ["install", "--no-audit", "--no-fund", tarball], { cwd: project, env: bare, stdio: "pipe" });
  const size = execFileSync("du", ["-sm", join(project, "node_modules")], { encoding: "utf8" }).split("\t")[0];
  return `${((performance.now() - start) / 1000).toFixed(1)} s, tarball ${(statSync(tarball).size / 1e6).toFixed(1)} MB, node_modules ${size} MB`;
});
writeFileSync(join(project, "quick-start.mjs"), quickStart);
check(`quick start as ESM${canHide ? ", OpenBLAS hidden" : ""}`, () =>
  runHidden(process.execPath, ["quick-start.mjs"], { cwd: project, env: bare, encoding: "utf8", stdio: "pipe" }).trim().split("\n").pop(),
);
writeFileSync(
  join(project, "workers.mjs"),
  `import { Worker, isMainThread } from "node:worker_threads";
if (isMainThread) {
  const codes = await Promise.all(Array.from({ length: 4 }, () => new Promise((resolve, reject) => new Worker(new URL(import.meta.url)).on("exit", resolve).on("error", reject))));
  if (codes.some((code) => code !== 0)) throw new Error(codes.join());
} else await import("./quick-start.mjs");\n`,
);
check(
  "quick start in four worker threads",
  () => void runHidden(process.execPath, ["workers.mjs"], { cwd: project, env: bare, stdio: "pipe" }),
);
check(
  "the command line",
  () =>
    runHidden(process.execPath, [join(project, "node_modules/.bin/layerwise"), "doctor"], {
      cwd: project,
      env: bare,
      encoding: "utf8",
      stdio: "pipe",
    })
      .trim()
      .split("\n")[0],
);

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
      writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
      execFileSync("npm", ["install", "--no-audit", "--no-fund", `--allow-scripts=${spec.split("@")[0]}`, spec], {
        cwd: folder,
        stdio: "pipe",
      });
      const executable = join(folder, "node_modules", binary);
      runHidden(executable, [...args, "quick-start.mjs"], { cwd: project, env: bare, encoding: "utf8", stdio: "pipe" });
      return execFileSync(executable, ["--version"], { encoding: "utf8" }).trim().split("\n")[0];
    });
  }
}

rmSync(work, { recursive: true, force: true });
if (!canHide) console.log("note: OpenBLAS could not be hidden here (needs root and mount namespaces)");
process.exitCode = results.every(([ok]) => ok) ? 0 : 1;
