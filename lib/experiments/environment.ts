import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../binding.js";
import { blasInfo } from "../runtime.js";

/** Where results were computed: enough to explain a difference in the last bits. */
export interface Environment {
  readonly layerwise: string;
  /** Commit of the checkout, with `+` when it had changes; null in an installed package. */
  readonly commit: string | null;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly blas: string;
  /** The kernels that OpenBLAS runs on this processor. */
  readonly coreType: string;
}

function commit(): string | null {
  if (!existsSync(join(packageRoot, ".git"))) return null;
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: packageRoot, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short=12", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") ? "+" : "");
  } catch {
    return null;
  }
}

export function environment(): Environment {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
  const blas = blasInfo();
  return {
    layerwise: version,
    commit: commit(),
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    blas: blas.version,
    coreType: blas.coreType,
  };
}
