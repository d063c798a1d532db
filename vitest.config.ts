import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The package by its own name means its source, as in tsconfig.json.
const alias = [
  { find: /^layerwise$/, replacement: fileURLToPath(new URL("lib/index.ts", import.meta.url)) },
  { find: /^layerwise\/adapters\/(.*)$/, replacement: fileURLToPath(new URL("lib/adapters/$1.ts", import.meta.url)) },
  { find: /^layerwise\/(.*)$/, replacement: fileURLToPath(new URL("lib/$1/index.ts", import.meta.url)) },
];

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.ts"],
    // A crash in native code then fails one file, not the run.
    pool: "forks",
    // Test files run side by side; a BLAS thread for each of them and every core would make them wait for each other.
    env: { OPENBLAS_NUM_THREADS: process.env.OPENBLAS_NUM_THREADS ?? "1" },
    testTimeout: 120_000,
  },
});
