/**
 * Whatever is passed to an export of the addon, it answers rightly or throws; it never crashes, never writes what it
 * refused, and gives the numbers of a plain reference. The list of exports is taken from the addon itself: one that is
 * described nowhere fails here; see routines.ts for how to add it.
 *
 * FC_SEED and FC_RUNS (calls of each kind to each export) change what is tried.
 */
import { describe, expect, it } from "vitest";
import { binding, routines as routinesOf } from "../../lib/binding.js";
import { signatures } from "../../scripts/binding-signatures.js";
import { packedCall, surviveAnyArrays } from "./packed.js";
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
  const apart = ["prepare", "packed"]; // below: everything that can be prepared or packed goes through them
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

describe.each(preparable)("packed %s", (name) => {
  check(name, packedCall(all, name, declared.get(name)!));
  it("survives arrays of any class", () => surviveAnyArrays(all, name, { ...options, numRuns: 5 * options.numRuns }));
});

/** What the library calls: packed for the frequent routines. */
describe.each(["gemm", "syrk", "axpy", "dot"] as const)("routines().%s", (name) => {
  check(`d${name}`, routinesOf(new Float64Array(0))[name] as (...args: unknown[]) => unknown);
  check(`s${name}`, routinesOf(new Float32Array(0))[name] as (...args: unknown[]) => unknown);
});

it("packed names its routine, and knows those of BLAS only", () => {
  for (const name of ["gemm", "dgeev", "dgemm\0", "", "d"])
    expect(() => all.packed(name)).toThrow(/^packed: routine must be the name of a BLAS routine/);
  for (const name of [undefined, 1, {}]) expect(() => all.packed(name)).toThrow(TypeError);
});

it("packed numbers may be dropped, detached or kept when their function is gone", async () => {
  const x = new Float64Array([1, 2, 3]);
  const { numbers, call } = binding.packed("dscal");
  numbers.set([3, 1, 2, 0, 1]);
  call(x);
  expect([...x]).toEqual([2, 4, 6]);
  try {
    structuredClone(numbers.buffer, { transfer: [numbers.buffer as ArrayBuffer] });
  } catch {
    // Node refuses to transfer an addon's memory
  }
  call(x);
  expect([...x]).toEqual([4, 8, 12]);
  const kept = Array.from({ length: 1000 }, () => binding.packed("dscal").numbers);
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const each of kept) each.fill(7);
  expect(kept.every((each) => each[15] === 7)).toBe(true);
});
