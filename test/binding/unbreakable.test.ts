/**
 * Whatever is passed to an export of the addon, it answers rightly or throws; it never crashes, never writes what it
 * refused, and gives the numbers of a plain reference. The list of exports is taken from the addon itself: one that is
 * described nowhere fails here; see routines.ts for how to add it.
 *
 * FC_SEED and FC_RUNS (calls of each kind to each export) change what is tried.
 */
import { describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { signatures } from "../../scripts/binding-signatures.js";
import { properties } from "./properties.js";
import { preparable, routines } from "./routines.js";

const declared = signatures();
const exported = Object.keys(binding);
const all = binding as unknown as Record<string, (...args: unknown[]) => unknown>;
const options = { seed: Number(process.env.FC_SEED ?? 20261124), numRuns: Number(process.env.FC_RUNS ?? 40) };

it("binding.d.ts declares exactly what the addon exports", () => {
  expect([...declared.keys()].sort()).toEqual([...exported].sort());
});

it("every export has a generator", () => {
  const apart = ["prepare"]; // below: everything that can be prepared goes through it
  expect(exported.filter((name) => !routines.has(name) && !apart.includes(name))).toEqual([]);
});

function check(name: string, call: (...args: unknown[]) => unknown): void {
  for (const [title, run] of properties(name, routines.get(name)!, declared.get(name)!, call, options)) it(title, run);
}

describe.each(exported.filter((name) => routines.has(name)))("%s", (name) => check(name, all[name]));

describe.each(preparable)("prepare %s", (name) => check(name, (...args) => (all.prepare(name, ...args) as () => unknown)()));

/** Two of the preparable return numbers, which a sequence refuses. */
const sequential = preparable.filter((name) => !/^.(dot|nrm2)$/.test(name));
describe.each(sequential)("prepareSequence of %s", (name) =>
  check(name, (...args) => (all.prepareSequence([all.prepare(name, ...args)]) as () => unknown)()),
);
