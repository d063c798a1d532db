/**
 * Runs the checks of test/binding against the addon under a memory checker (Linux).
 *
 *   npm run test:asan [runs] [pattern]      AddressSanitizer and UndefinedBehaviorSanitizer: the addon is built with them in
 *                                           build-asan/. They see the addon's own code, and the operands of its level-3 products
 *                                           (native/operands.h), not what OpenBLAS does, which is not instrumented.
 *   npm run test:valgrind [runs] [pattern]  a build in build-valgrind/ under valgrind, which sees what OpenBLAS reads and writes:
 *                                           a wrong leading dimension or length that reaches it. Slow: few runs. It has no AVX-512.
 *
 * In both builds every piece of scratch memory is an allocation of its own (native/workspace.h), so that a step beyond it is seen.
 *
 * `runs` calls of each kind are made to each export (default 40 and 4) whose name matches the regular expression `pattern`.
 * FC_SEED changes the calls.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { signatures } from "./binding-signatures.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [, , tool, ...rest] = process.argv;
const folder = join(root, `build-${tool}`);
const env: NodeJS.ProcessEnv = { ...process.env, OPENBLAS_NUM_THREADS: "1" };
let command = [process.execPath];
let runs = "40";

/** Builds the addon with these flags; node-gyp-build is told to look for it in `folder`. */
function buildAddon(flags: string): void {
  const output = join(folder, "build", "Release");
  const configure = ["-S", root, "-B", join(folder, "cmake"), `-DCMAKE_CXX_FLAGS=${flags}`, `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${output}`];
  execFileSync("cmake", configure, { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("cmake", ["--build", join(folder, "cmake"), "--parallel", "2"], { stdio: ["ignore", "ignore", "inherit"] });
  env.LAYERWISE_PREBUILD = folder;
}

if (tool === "asan") {
  buildAddon("-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -Wno-maybe-uninitialized");
  env.LD_PRELOAD = execFileSync("gcc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  env.ASAN_OPTIONS ??= "detect_leaks=0"; // detect_leaks=1 needs ptrace, and reports node's own where node ends by an exception
} else if (tool === "valgrind") {
  buildAddon("-DLAYERWISE_SEPARATE_SCRATCH -g");
  // Without the compiler of V8, whose code valgrind would have to translate again and again.
  command = ["valgrind", "-q", "--undef-value-errors=no", "--error-exitcode=3", process.execPath, "--jitless"];
  runs = "4";
} else {
  console.error("usage: sanitize.ts asan|valgrind [runs] [pattern]");
  process.exit(2);
}

mkdirSync(folder, { recursive: true });
const program = join(folder, "exercise.mjs");
await build({
  entryPoints: [join(root, "test", "binding", "exercise.ts")],
  outfile: program,
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "error",
});
const described = join(folder, "signatures.json");
writeFileSync(described, JSON.stringify([...signatures()]));
const [file, ...args] = [...command, program, described, rest[0] ?? runs, ...rest.slice(1)];
const { status, signal } = spawnSync(file, args, { env, stdio: "inherit", cwd: root });
process.exit(signal ? 1 : (status ?? 1));
