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
    testTimeout: 60_000,
  },
});
