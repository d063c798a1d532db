#!/usr/bin/env node
import { execute } from "./program.js";

const args = process.argv.slice(2);

// One BLAS thread unless the user says otherwise: trials are small, and results then do not depend on the number of cores.
// Set before the addon is loaded, which is why every command imports its work only when it is called.
if (args[0] !== "doctor") process.env.OPENBLAS_NUM_THREADS ??= "1";

// A reader that has seen enough (`layerwise list | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

process.exitCode = await execute(args);
