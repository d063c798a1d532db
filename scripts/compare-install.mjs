#!/usr/bin/env node
// The table "Beside others" of docs/package.md: what installing and importing costs, here and for other native packages. Each is
// installed into an empty folder without scripts, from npm's cache after a first time; imports are timed in new processes.
//
//   node scripts/compare-install.mjs layerwise-0.1.0.tgz     (npm run prebuild:pack && npm run build:ts && npm pack)
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [tarball] = process.argv.slice(2);
if (!tarball) throw new Error("usage: compare-install.mjs TARBALL");
const work = mkdtempSync(join(tmpdir(), "layerwise-compare-"));
const candidates = [
  { spec: resolve(tarball), names: ["layerwise/linalg", "layerwise"] },
  { spec: "sharp", names: ["sharp"] },
  { spec: "onnxruntime-node", names: ["onnxruntime-node"] },
  { spec: "@tensorflow/tfjs-node", names: ["@tensorflow/tfjs-node"] },
];
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const megabytes = (folder) => Number(execFileSync("du", ["-sm", folder], { encoding: "utf8" }).split("\t")[0]);

console.log("| | version | install, s | node_modules, MB | packages | import, ms |\n|---|---|---|---|---|---|");
for (const { spec, names } of candidates) {
  const folder = join(work, names[0].replaceAll("/", "-"));
  const install = () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const start = performance.now();
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", spec], { cwd: folder, stdio: "pipe" });
    return (performance.now() - start) / 1000;
  };
  install();
  const seconds = median([install(), install(), install()]);
  const lock = execFileSync("npm", ["ls", "--all", "--parseable"], { cwd: folder, encoding: "utf8" }).trim().split("\n").length - 1;
  for (const name of names) {
    const top = name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : name.split("/")[0];
    const program = `const t = performance.now(); await import(${JSON.stringify(name)}); console.log(performance.now() - t);`;
    const runs = Array.from({ length: 5 }, () =>
      spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, encoding: "utf8" }),
    );
    const time = runs.every(({ status }) => status === 0) ? Math.round(median(runs.map(({ stdout }) => Number(stdout)))) : "does not load";
    const version = execFileSync("node", ["-p", `JSON.parse(require("fs").readFileSync("node_modules/${top}/package.json")).version`], {
      cwd: folder,
      encoding: "utf8",
    }).trim();
    console.log(`| ${name} | ${version} | ${seconds.toFixed(1)} | ${megabytes(join(folder, "node_modules"))} | ${lock} | ${time} |`);
  }
}
rmSync(work, { recursive: true, force: true });
