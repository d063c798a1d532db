import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A crash in native code then fails one file, not the run.
    pool: "forks",
    testTimeout: 60_000,
  },
});
