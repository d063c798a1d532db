import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Binding } from "../binding.js";

/** The folder that holds package.json: one above `lib/` (from source) and above `dist/` (built). */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

function load(): Binding {
  const require = createRequire(import.meta.url);
  try {
    return (require("node-gyp-build") as (root: string) => Binding)(packageRoot);
  } catch (cause) {
    throw new Error(
      `layerwise: no native addon could be loaded for ${process.platform}-${process.arch} (Node ${process.version}). ` +
        "Build it from source with a C++17 compiler, CMake and OpenBLAS: in the package's folder run `npm run setup`.",
      { cause },
    );
  }
}

/** The native addon; see `binding.d.ts`. */
export const binding: Binding = load();
