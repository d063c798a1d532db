import { createRequire } from "node:module";
import { packageRoot } from "../lib/binding.js";

/** The file of the addon in use (built from source, or prebuilt), for programs of their own. */
export const addon: string = createRequire(import.meta.url)("node-gyp-build").resolve(packageRoot);
