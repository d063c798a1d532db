/**
 * Whatever is passed to an export of the addon, it answers rightly or throws; it never crashes, never writes what it
 * refused, and gives the numbers of a plain reference. The list of exports is taken from the addon itself.
 *
 * To add an export: describe it in a file of test/binding/generators (`both`: exists as d… and s…; `others`: by its full
 * name), as the {@link Routine} of harness.ts says; a reference is welcome, but not needed where another test has it. A new
 * file there is found by itself. An export that is described nowhere fails here.
 *
 * FC_SEED and FC_RUNS (calls of each export) change what is tried.
 */
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { signatures } from "../../scripts/binding-signatures.js";
import { both as blas } from "./generators/blas.js";
import { aliased, Draw, type Family, judge, mutate, type Routine, validCall, wild } from "./harness.js";

const folder = new URL("./generators/", import.meta.url);
const routines = new Map<string, Routine>();
for (const file of readdirSync(folder)) {
  const family = (await import(new URL(file, folder).href)) as Family;
  for (const [name, routine] of Object.entries(family.both ?? {})) for (const letter of "ds") routines.set(letter + name, routine);
  for (const [name, routine] of Object.entries(family.others ?? {})) routines.set(name, routine);
}
const declared = signatures();
const exported = Object.keys(binding);
const preparable = Object.keys(blas).flatMap((name) => [`d${name}`, `s${name}`]);
const parameters = { seed: Number(process.env.FC_SEED ?? 20261124), numRuns: Number(process.env.FC_RUNS ?? 40) };

it("binding.d.ts declares exactly what the addon exports", () => {
  expect([...declared.keys()].sort()).toEqual([...exported].sort());
});

const apart = ["prepare"]; // below: everything that can be prepared goes through it
const all = binding as unknown as Record<string, (...args: unknown[]) => unknown>;

it("every export has a generator", () => {
  expect(exported.filter((name) => !routines.has(name) && !apart.includes(name))).toEqual([]);
});

describe.each(exported.filter((name) => routines.has(name)))("%s", (name) => {
  properties(name, all[name]);
});

describe.each(preparable)("prepare %s", (name) => {
  properties(name, (...args) => (all.prepare(name, ...args) as () => unknown)());
});

function properties(name: string, call: (...args: unknown[]) => unknown): void {
  const routine = routines.get(name)!;
  const signature = declared.get(name)!;

  it("does valid calls, and has the arity it declares", () => {
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const args = validCall(routine, signature, new Draw(g));
        expect(args.length).toBeGreaterThanOrEqual(signature.required);
        expect(args.length).toBeLessThanOrEqual(signature.total);
        if (signature.required > 0) expect(() => call(...args.slice(0, signature.required - 1))).toThrow();
        const { error } = judge(name, routine, signature, call, args);
        if (error && !error.code) throw error;
      }),
      parameters,
    );
  });

  const changed = (change: (draw: Draw, args: unknown[]) => { args: unknown[]; what: string; mustFail: boolean }) =>
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const draw = new Draw(g);
        const { args, what, mustFail } = change(draw, validCall(routine, signature, draw));
        try {
          const { error } = judge(name, routine, signature, call, args);
          if (mustFail && !error) throw new Error("was accepted");
        } catch (cause) {
          throw new Error(`${name}, ${what}: ${(cause as Error).message}`, { cause });
        }
      }),
      parameters,
    );

  it("refuses overlapping arguments or copes with them", () => changed((draw, args) => aliased(args, signature, draw)));

  it("copes with NaN, infinities and extreme numbers", () => changed((draw, args) => wild(args, draw)));

  it("survives broken calls", () =>
    changed((draw, valid) => {
      let mutation = mutate(valid, signature, draw);
      for (let count = draw.pick(0, 0, 0, 1, 2); count > 0; count--) {
        const { args, what } = mutate(mutation.args, signature, draw);
        // Another change may undo what made this call wrong; only a single one is sure.
        mutation = { args, what: `${mutation.what}; ${what}`, mustFail: false };
      }
      return mutation;
    }));
}
