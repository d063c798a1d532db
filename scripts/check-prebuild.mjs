#!/usr/bin/env node
// What a prebuilt Linux binary promises: its size, that it needs nothing but Node and the libc, libm and libgcc of the
// oldest system that is promised, that it exports two symbols.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const limits = { unpacked: 12e6, gzipped: 4e6, glibc: [2, 34] };
const folder = new URL(`../prebuilds/${process.platform}-${process.arch}/`, import.meta.url);
const problems = [];
for (const name of readdirSync(folder)) {
  const file = new URL(name, folder);
  const symbols = (option) =>
    execFileSync("nm", ["-D", option, file.pathname], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).pop());
  const exported = symbols("--defined-only");
  const allowed = /^(napi_|node_api_)|@(GLIBC|GCC)_|^(_ITM_|__gmon_start__|__cxa_finalize)/;
  const foreign = symbols("--undefined-only").filter((symbol) => !allowed.test(symbol));
  const unpacked = statSync(file).size;
  const gzipped = gzipSync(readFileSync(file)).length;
  const glibc = symbols("--undefined-only")
    .flatMap((symbol) => /@GLIBC_([\d.]+)/.exec(symbol)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .pop();
  console.log(
    `${name}: ${(unpacked / 1e6).toFixed(1)} MB, ${(gzipped / 1e6).toFixed(1)} MB gzipped, glibc ≥ ${glibc}, exports ${exported.join(", ")}`,
  );
  if (unpacked > limits.unpacked || gzipped > limits.gzipped)
    problems.push(`${name} is larger than ${limits.unpacked} (gzipped ${limits.gzipped}) bytes`);
  if (exported.sort().join() !== "napi_register_module_v1,node_api_module_get_api_version_v1")
    problems.push(`${name} exports ${exported.join(", ")}`);
  const [major, minor] = (glibc ?? "2.0").split(".").map(Number);
  if (major > limits.glibc[0] || minor > limits.glibc[1])
    problems.push(`${name} needs glibc ${glibc}; docs/package.md promises ${limits.glibc.join(".")}`);
  if (foreign.length) problems.push(`${name} needs ${foreign.join(", ")}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;
