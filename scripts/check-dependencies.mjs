#!/usr/bin/env node
// What is promised of the packages that users get along (SECURITY.md): no install scripts, permissive licences, registry packages pinned
// by hash. With `--audit` also the registry's list of known vulnerabilities, where it can be asked.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8"));
const licences = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "Unlicense", "MPL-2.0", "OFL-1.1", "BlueOak-1.0.0"];
const problems = [];
let count = 0;
for (const [path, entry] of Object.entries(packages)) {
  if (path === "" || entry.dev || entry.peer || entry.devOptional) continue;
  count++;
  const name = path.slice(path.lastIndexOf("node_modules/") + 13);
  if (entry.hasInstallScript) problems.push(`${name} has an install script`);
  if (!licences.includes(entry.license)) problems.push(`${name}: licence ${entry.license}`);
  if (!entry.integrity) problems.push(`${name}: no hash in package-lock.json`);
  if (entry.resolved && !entry.resolved.startsWith("https://registry.npmjs.org/")) problems.push(`${name} comes from ${entry.resolved}`);
}

if (process.argv.includes("--audit")) {
  const { status, stdout, stderr } = spawnSync("npm", ["audit", "--omit=dev"], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (/audit endpoint returned an error|ENOTFOUND|ECONNREFUSED|ETIMEDOUT/.test(stderr))
    console.log(`npm audit: not answered: ${stderr.split("\n").find((line) => /audit \d|E[A-Z]{6}/.test(line)) ?? stderr}`);
  else if (status !== 0) problems.push(`npm audit:\n${stdout}${stderr}`);
  else console.log("npm audit: nothing known");
}
for (const problem of problems) console.error(problem);
console.log(`${count} packages at run time, ${problems.length} problems`);
process.exitCode = problems.length ? 1 : 0;
