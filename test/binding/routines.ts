/**
 * What is known of every export of the addon. To add one: describe it in a file of `generators` (`both`: exists as d… and
 * s…; `others`: by its full name), as `Routine` in harness.ts says, with a check of its result as in checks.ts, and list a new file here.
 */
import * as async from "./generators/async.js";
import * as blas from "./generators/blas.js";
import * as fused from "./generators/fused.js";
import * as lapack from "./generators/lapack.js";
import * as random from "./generators/random.js";
import * as roots from "./generators/roots.js";
import * as runtime from "./generators/runtime.js";
import * as spectra from "./generators/spectra.js";
import type { Family, Routine } from "./harness.js";

const families: Family[] = [async, blas, fused, lapack, random, roots, runtime, spectra];

const inBoth = (names: object) =>
  Object.entries(names).flatMap(([name, routine]) => ["d", "s"].map((letter) => [letter + name, routine] as const));

export const routines: ReadonlyMap<string, Routine> = new Map(
  families.flatMap(({ both = {}, others = {} }) => [...inBoth(both), ...Object.entries(others)]),
);

/** What `prepare` takes. */
export const preparable: readonly string[] = inBoth(blas.both).map(([name]) => name);
