import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import type { Binding, Routines } from "../binding.js";
import { packedBlas } from "./packed.js";
import { selfCheckAtLoad } from "./self-check.js";

/** The folder that holds package.json: one above `lib/` (from source) and above `dist/` (built). */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

function load(): Binding {
  const require = createRequire(import.meta.url);
  try {
    return (require("node-gyp-build") as (root: string) => Binding)(packageRoot);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new Error(
      `layerwise: no native addon could be loaded for ${process.platform}-${process.arch} (Node ${process.version}): ${reason}. ` +
        "To build it from source (with a C++17 compiler, CMake and OpenBLAS, which are installed when missing) run: " +
        `node ${JSON.stringify(join(packageRoot, "scripts", "setup.mjs"))}`,
      { cause },
    );
  }
}

/** The native addon; see `binding.d.ts`. */
export const binding: Binding = load();
if (!isMainThread) binding.enterWorker();
selfCheckAtLoad(binding);

function precision(prefix: "d" | "s", other: "d" | "s"): Record<string, unknown> {
  const all = binding as unknown as Record<string, unknown>;
  const names = Object.keys(all).filter((name) => name.startsWith(prefix) && other + name.slice(1) in all);
  return { ...Object.fromEntries(names.map((name) => [name.slice(1), all[name]])), ...packedBlas(binding, prefix) };
}
const double = precision("d", "s") as unknown as Routines<Float64Array>;
const single = precision("s", "d") as unknown as Routines<Float32Array>;

/** Stands in for both precisions' routines while {@link substituting}. */
let substitute: ((prefix: "d" | "s") => object) | undefined;

/** The routines of an array's precision: `routines(x).gemm` is `dgemm` or `sgemm`. */
export function routines<T extends Float64Array | Float32Array>(like: T): Routines<T> {
  const isDouble = like instanceof Float64Array;
  const table = substitute ? substitute(isDouble ? "d" : "s") : isDouble ? double : single;
  return table as unknown as Routines<T>;
}

/** Calls `body` while {@link routines} gives what `table` does. */
export function substituting<R>(table: (prefix: "d" | "s") => object, body: () => R): R {
  const outer = substitute;
  substitute = table;
  try {
    return body();
  } finally {
    substitute = outer;
  }
}
