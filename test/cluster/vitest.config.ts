import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.js";

/** Tests that start servers (Slurm, Redis) on the loopback: `npm run test:cluster`. */
const merged = mergeConfig(base, defineConfig({ test: { testTimeout: 300_000, hookTimeout: 60_000, fileParallelism: false } }));
merged.test!.include = ["test/cluster/*.nightly.ts"];
export default merged;
