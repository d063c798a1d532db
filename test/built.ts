import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The command line's program of a built package. */
export interface BuiltPackage {
  readonly main: string;
  remove(): void;
}

/**
 * The package as it is installed: JavaScript, in a folder of its own. Its processes start in a third of the time that those
 * of the sources take, and need no loader.
 */
export async function builtPackage(): Promise<BuiltPackage> {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-built-"));
  const sources = readdirSync(join(root, "lib"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  await build({
    entryPoints: sources.map((name) => join(root, "lib", name)),
    outdir: join(folder, "dist"),
    outbase: join(root, "lib"),
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
  });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  for (const name of ["node_modules", "build", "prebuilds"]) symlinkSync(join(root, name), join(folder, name));
  return {
    main: join(folder, "dist/cli/main.js"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
