import type { Binding, BlasInfo, SelfCheck } from "../binding.js";

/** A core type that runs almost anywhere, other than the one in use: what to try when the kernels of that one are wrong. */
function fallback(coreType: string, arch: string): string {
  if (arch === "arm64") return coreType === "ARMV8" ? "CORTEXA53" : "ARMV8";
  return coreType === "Haswell" ? "Nehalem" : "Haswell";
}

/** The version in OpenBLAS's description of its own configuration, or the whole of it. */
export function blasVersion(config: string): string {
  return /^OpenBLAS \S+/.exec(config)?.[0] ?? config;
}

/** What to tell a user whose BLAS computes wrongly; null when every check passed. */
export function diagnose(checks: readonly SelfCheck[], info: BlasInfo, arch: string = process.arch): string | null {
  const failed = checks.filter((check) => !(check.error <= check.limit));
  if (failed.length === 0) return null;
  const routines = failed.map(({ routine, error, limit }) => `${routine} (error ${error.toPrecision(3)}, at most ${limit} allowed)`);
  const cure = `OPENBLAS_CORETYPE=${fallback(info.coreType, arch)}`;
  return (
    `the BLAS computes wrongly on this processor: ${routines.join(", ")}. ` +
    `${blasVersion(info.config)} runs its ${info.coreType} kernels. ` +
    `Choose others by setting ${cure} in the environment before Node starts, or install a newer OpenBLAS. ` +
    "LAYERWISE_SKIP_SELF_CHECK=1 skips this check."
  );
}

/**
 * Compares the BLAS with plain loops, once per process (about 2 ms), unless LAYERWISE_SKIP_SELF_CHECK=1.
 * @throws Error `ERR_BLAS` with the cure.
 */
export function selfCheckAtLoad(binding: Binding): void {
  if (process.env.LAYERWISE_SKIP_SELF_CHECK === "1" || !binding.firstLoad()) return;
  const message = diagnose(binding.selfCheck(0), binding.blasInfo());
  if (message) throw Object.assign(new Error(`layerwise: ${message}`), { code: "ERR_BLAS" });
}
