import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packageRoot } from "../../binding.js";
import { ConfigError, show, unknownName } from "../config.js";
import type { AnyExperiment } from "../define.js";

export const moduleExtensions = [".ts", ".mts", ".js", ".mjs"];

/** A user's experiment file as one JavaScript module that runs anywhere on this machine. */
export interface BundledModule {
  readonly text: string;
  /** Of the file and every local file that it imports. */
  readonly hash: string;
}

/** Where this package's entry point of a name is: the source when this file runs as such, else the built one. */
function ownEntry(name: string): string {
  const extension = extname(fileURLToPath(import.meta.url));
  const here = join(packageRoot, extension === ".ts" ? "lib" : "dist");
  const part = name.split("/").slice(1).join("/");
  return join(here, part, `index${extension}`);
}

/** @throws ConfigError when it is not installed: an optional peer of 11 MB, which many projects have anyway. */
async function loadEsbuild(): Promise<typeof import("esbuild")> {
  try {
    return await import("esbuild");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = "experiments of your own are bundled by esbuild, which is not installed: npm install esbuild";
    throw new ConfigError({ message, key: "experiment", got: "no esbuild", allowed: "esbuild" });
  }
}

/**
 * Turns a file (TypeScript or JavaScript) and what it imports by relative paths into one module, so that a run folder keeps the
 * code its results came from and Node 20 needs no loader. Packages stay where they are: they are resolved from the file, and
 * `layerwise` is this very package.
 * @throws ConfigError when it cannot be read or does not compile.
 */
export async function bundleModule(path: string): Promise<BundledModule> {
  const { build } = await loadEsbuild();
  const file = resolve(path);
  const bad = (why: string) =>
    new ConfigError({ message: `${show(path)}: ${why}`, key: "experiment", got: path, allowed: "a file that defines an experiment" });
  if (!existsSync(file)) throw bad("there is no such file");
  let result: Awaited<ReturnType<typeof build>>;
  try {
    result = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "node20",
      logLevel: "silent",
      absWorkingDir: dirname(file),
      banner: { js: "// Bundled by layerwise: the code that the results in this folder came from." },
      plugins: [
        {
          name: "packages",
          setup(builder) {
            builder.onResolve({ filter: /^[^./]/ }, async (args) => {
              if (args.kind === "entry-point" || args.pluginData === "resolved") return undefined;
              if (args.path.startsWith("node:")) return { path: args.path, external: true };
              if (/^layerwise($|\/)/.test(args.path)) return { path: pathToFileURL(ownEntry(args.path)).href, external: true };
              const found = await builder.resolve(args.path, { kind: args.kind, resolveDir: args.resolveDir, pluginData: "resolved" });
              if (found.errors.length) return { errors: found.errors };
              // A built-in module has no file.
              return { path: found.path.startsWith("/") ? pathToFileURL(found.path).href : found.path, external: true };
            });
          },
        },
      ],
    });
  } catch (error) {
    const first = (error as { errors?: { text: string; location?: { file: string; line: number } | null }[] }).errors?.[0];
    throw bad(first ? `${first.location ? `${first.location.file}:${first.location.line}: ` : ""}${first.text}` : (error as Error).message);
  }
  const sum = createHash("sha256");
  for (const name of Object.keys(result.metafile!.inputs).sort()) {
    sum.update(`${relative(dirname(file), resolve(dirname(file), name))}\0`).update(readFileSync(resolve(dirname(file), name)));
  }
  return { text: result.outputFiles![0]!.text, hash: sum.digest("hex").slice(0, 12) };
}

/** What a module exports as experiments: `default` or `experiments`, one or a list, or any export that is one. */
function experimentsIn(module: Record<string, unknown>): AnyExperiment[] {
  const candidates = Object.values(module).flat() as Partial<AnyExperiment>[];
  const found = candidates.filter(
    (candidate) => typeof candidate === "object" && candidate !== null && typeof candidate.id === "string" && !!candidate.schema,
  );
  return [...new Set(found)] as AnyExperiment[];
}

/** Imports a module that is on the disk. @throws ConfigError */
export async function loadExperiment(url: string, id?: string): Promise<AnyExperiment> {
  const shown = show(fileURLToPath(url));
  const bad = (why: string) =>
    new ConfigError({ message: `${shown}: ${why}`, key: "experiment", got: url, allowed: "a file that exports an experiment" });
  let module: Record<string, unknown>;
  try {
    module = (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw bad(`fails when it is loaded: ${(error as Error).message.split("\n")[0]}`);
  }
  const found = experimentsIn(module);
  const ids = found.map((experiment) => experiment.id);
  if (found.length === 0) throw bad("exports no experiment; write `export default defineExperiment({…})`");
  if (id === undefined && found.length > 1) throw bad(`exports several experiments (${ids.join(", ")}): name one by appending #id`);
  const chosen = id === undefined ? found[0] : found.find((experiment) => experiment.id === id);
  if (!chosen) throw unknownName("experiment", id!, ids);
  return chosen;
}

/** Loads a bundled module that is not in a run folder yet. */
export async function loadBundled(module: BundledModule, id?: string): Promise<AnyExperiment> {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-"));
  try {
    const file = join(folder, "experiment.mjs");
    writeFileSync(file, module.text);
    return await loadExperiment(pathToFileURL(file).href, id);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
