import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../binding.js";

export interface GitState {
  readonly root: string;
  readonly commit: string | null;
  /** `git diff HEAD`: what is not in the commit. */
  readonly diff: string;
  /** Files that git does not know. */
  readonly untracked: readonly string[];
}

function git(folder: string, ...args: string[]): string | null {
  try {
    return execFileSync("git", args, { cwd: folder, encoding: "utf8", maxBuffer: 256 << 20, stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}

/** State of the checkout that a folder belongs to; null when it is in none, or there is no git. */
export function gitState(folder: string): GitState | null {
  const root = git(folder, "rev-parse", "--show-toplevel")?.trim();
  if (!root) return null;
  const names = git(root, "ls-files", "--others", "--exclude-standard", "-z") ?? "";
  return {
    root,
    commit: git(root, "rev-parse", "HEAD")?.trim() ?? null,
    diff: git(root, "diff", "HEAD") ?? "",
    untracked: names.split("\0").filter((name) => name !== ""),
  };
}

const hash = (...parts: string[]) =>
  parts
    .reduce((sum, part) => sum.update(`${part.length}\0${part}`), createHash("sha256"))
    .digest("hex")
    .slice(0, 12);

let own: string | undefined;

/**
 * The version of the code that trials run: the package's, in a checkout also its commit and a hash of what differs from it,
 * and for a user's experiment the hash of its files.
 */
export function codeVersion(moduleHash: string | null): string {
  own ??= packageVersion();
  return moduleHash === null ? own : `${own} experiment:${moduleHash}`;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
  const state = existsSync(join(packageRoot, ".git")) ? gitState(packageRoot) : null;
  if (!state?.commit) return version;
  const source = state.untracked.filter((name) => /^(lib|native)\//.test(name) && existsSync(join(state.root, name)));
  const changed = state.diff || source.length;
  const changes = () => hash(state.diff, ...source.flatMap((name) => [name, readFileSync(join(state.root, name), "utf8")]));
  return `${version}+${state.commit.slice(0, 12)}${changed ? `.${changes()}` : ""}`;
}
