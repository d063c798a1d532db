#!/usr/bin/env node
// From a bare checkout to a built one: installs what is missing, then builds. In an installed package (no lock file there) it
// builds the addon alone, for platforms without a prebuilt binary. Uses nothing but Node itself, leaves alone what is already
// there, and is quick when there is nothing to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const isCheckout = existsSync(join(root, "package-lock.json"));

const say = (text) => console.error(`setup: ${text}`);

function fail(text) {
  say(text);
  process.exit(1);
}

/** Runs a command in the checkout with its output shown (on stderr); when it fails, ends the setup or goes on `regardless`. */
function run(command, args, { regardless = false } = {}) {
  say(`${command} ${args.join(" ")}`);
  // npm is a script on Windows and needs a shell; all arguments here are constants.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (regardless) return;
  if (error) fail(`could not start ${command}: ${error.message}`);
  if (status !== 0) fail(`\`${command} ${args.join(" ")}\` failed (exit ${status}); its output is above.`);
}

const works = (command, args = ["--version"]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 17)) fail(`Node 20.17 or newer is needed, this is ${process.version}.`);
}

/** Whether a program that uses OpenBLAS's header and library compiles and links. */
function hasOpenBlas() {
  const kegs = ["/opt/homebrew/opt/openblas", "/usr/local/opt/openblas"];
  const multiarch = existsSync("/usr/include") ? readdirSync("/usr/include").filter((name) => name.includes("-linux-")) : [];
  const includes = [
    "/usr/include/openblas",
    ...multiarch.map((triple) => `/usr/include/${triple}/openblas-pthread`),
    ...kegs.map((keg) => `${keg}/include`),
  ];
  const folder = mkdtempSync(join(tmpdir(), "layerwise-setup-"));
  try {
    const source = join(folder, "probe.cc");
    writeFileSync(source, "#include <cblas.h>\nint main() { return openblas_get_num_threads() < 1; }\n");
    const flags = [...includes.map((folder) => `-I${folder}`), ...kegs.map((keg) => `-L${keg}/lib`)];
    return works("c++", [...flags, source, "-lopenblas", "-o", join(folder, "probe")]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function missingTools() {
  const missing = [];
  if (!works("c++")) missing.push("compiler");
  if (!works("cmake")) missing.push("cmake");
  if (!works("ninja") && !works("make")) missing.push("make");
  if (missing.includes("compiler") || !hasOpenBlas()) missing.push("openblas");
  return missing;
}

const managers = [
  {
    command: "apt-get",
    refresh: ["update"],
    install: ["install", "-y", "--no-install-recommends"],
    packages: { compiler: ["g++"], cmake: ["cmake"], make: ["make"], openblas: ["libopenblas-dev"] },
    needsRoot: true,
  },
  {
    command: "dnf",
    install: ["install", "-y"],
    packages: { compiler: ["gcc-c++"], cmake: ["cmake"], make: ["make"], openblas: ["openblas-devel"] },
    needsRoot: true,
  },
  {
    command: "brew",
    install: ["install"],
    // The compiler and make come with Xcode's command line tools.
    packages: { compiler: [], cmake: ["cmake"], make: [], openblas: ["openblas"] },
    needsRoot: false,
  },
];

function installTools() {
  const missing = missingTools();
  if (missing.length === 0) return;
  say(`missing: ${missing.join(", ")}`);
  const manager = managers.find(({ command }) => works(command));
  const packages = manager ? missing.flatMap((tool) => manager.packages[tool]) : [];
  if (packages.length === 0) {
    fail(
      "please install a C++17 compiler, CMake, make and OpenBLAS with its headers " +
        "(macOS: `xcode-select --install`, then Homebrew's cmake and openblas), and run this command again.",
    );
  }
  const asRoot = manager.needsRoot && process.getuid?.() !== 0;
  if (asRoot && !works("sudo", ["-V"])) {
    fail(`this is not root and there is no sudo. As root, run: ${manager.command} ${[...manager.install, ...packages].join(" ")}`);
  }
  const manage = (args, options) => (asRoot ? run("sudo", [manager.command, ...args], options) : run(manager.command, args, options));
  // One broken repository among many fails the refresh; the packages may be there all the same.
  if (manager.refresh) manage(manager.refresh, { regardless: true });
  manage([...manager.install, ...packages]);
  const still = missingTools();
  if (still.length) fail(`still missing after installing: ${still.join(", ")}.`);
}

/** `npm ci`, unless node_modules was installed from this very lock file. */
function installPackages() {
  const stamp = join(root, "node_modules", ".layerwise-lock");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"]);
  writeFileSync(stamp, lock);
}

/** The addon by plain CMake: an installed package has the headers of Node-API as dependencies, but not cmake-js. */
function buildAddon() {
  if (process.platform === "win32") fail("on Windows build with MinGW-w64, as .github/workflows/prebuild.yml does.");
  const output = join(root, "build", "Release");
  run("cmake", ["-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Release", `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${output}`]);
  run("cmake", ["--build", "build", "--parallel", "2"]);
}

checkNode();
installTools();
if (isCheckout) {
  installPackages();
  run("npm", ["run", "--silent", "build"]);
} else {
  buildAddon();
}
// Loading the addon is the proof that the build works.
await import(pathToFileURL(join(root, "dist", "binding.js")).href).catch((error) => fail(error.message));
say("ready.");
