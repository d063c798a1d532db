/**
 * The checks of unbreakable.test.ts as a plain program, for sanitizers, which do not go with a test runner:
 * `node exercise.mjs signatures.json runs [pattern]`. Run by scripts/sanitize.ts.
 */
import { readFileSync } from "node:fs";
import { binding } from "../../lib/binding.js";
import type { Signature } from "../../scripts/binding-signatures.js";
import { packedCall, surviveAnyArrays } from "./packed.js";
import { properties } from "./properties.js";
import { preparable, routines } from "./routines.js";

const [, , file, runs, pattern = ""] = process.argv;
const declared = new Map(JSON.parse(readFileSync(file, "utf8")) as [string, Signature][]);
const all = binding as unknown as Record<string, (...args: unknown[]) => unknown>;
const options = { seed: Number(process.env.FC_SEED ?? 20261124), numRuns: Number(runs) };
let count = 0;
const failures: string[] = [];

async function check(name: string, call: (...args: unknown[]) => unknown): Promise<void> {
  for (const [title, run] of properties(name, routines.get(name)!, declared.get(name)!, call, options)) {
    try {
      await run();
      count++;
    } catch (error) {
      failures.push(`${name} ${title}: ${error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : error}`);
    }
  }
}
for (const name of Object.keys(all)) if (routines.has(name) && new RegExp(pattern).test(name)) await check(name, all[name]);
for (const name of preparable) {
  if (new RegExp(pattern).test(name)) await check(name, (...args) => (all.prepare(name, ...args) as () => unknown)());
}
for (const name of preparable) {
  if (!new RegExp(pattern).test(name)) continue;
  await check(name, packedCall(all, name, declared.get(name)!));
  surviveAnyArrays(all, name, { ...options, numRuns: 20 * options.numRuns });
  count++;
}
for (const failure of failures) console.error(failure);
console.log(`${count} checks passed, ${failures.length} failed`);
if (failures.length) process.exitCode = 1;
