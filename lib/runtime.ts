/**
 * The BLAS underneath: its version, its threads, and whether it computes correctly on this processor.
 *
 * Large products take threads, the same number for the whole process and without an effect on the results' bits. By default it
 * is the number of processors, or what OPENBLAS_NUM_THREADS said when Node started. When worker threads load the library and nobody has chosen a number, it
 * becomes 1 (for the main thread too, as there is only one number), since every worker with threads of its own would
 * compete with all others; when the last of these workers ends, what was before is restored. Child processes that
 * compute side by side should be started with OPENBLAS_NUM_THREADS=1.
 */
import type { SelfCheck } from "../binding.js";

export type { SelfCheck };

import { binding } from "./binding.js";
import { blasVersion, diagnose } from "./self-check.js";

/** What {@link blasInfo} says. */
export interface BlasInfo {
  /** For example `"OpenBLAS 0.3.21"`. */
  version: string;
  /** How it was built, in its own words. */
  config: string;
  /** The kernels it chose for this processor (OPENBLAS_CORETYPE overrides the choice, before Node starts). */
  coreType: string;
  /** Threads that large products take now. */
  threads: number;
  /** Processors it sees. */
  processors: number;
}

/** The BLAS in use. */
export function blasInfo(): BlasInfo {
  const info = binding.blasInfo();
  return { version: blasVersion(info.config), ...info };
}

/**
 * Sets the number of threads of the whole process, from whichever thread it is called; it then stays so, whatever
 * workers come and go. Results do not depend on it. Matrices of order below 200 take one.
 * @throws RangeError unless `threads` is an integer in [1, 1024].
 */
export function setThreads(threads: number): void {
  binding.setThreads(threads);
}

/** The number of threads that large products take. */
export function getThreads(): number {
  return binding.getThreads();
}

/** The result of {@link selfCheck}. */
export interface SelfCheckReport {
  passed: boolean;
  /** One entry per routine and precision: its largest error, in units of n·ε, and the limit. */
  checks: (SelfCheck & { passed: boolean })[];
  /** What is wrong and how to mend it; null when all is well. */
  message: string | null;
}

/**
 * Compares gemm, syrk, syevd and potrf, in both precisions, with plain loops on small matrices (about 2 ms). It runs by
 * itself once per process when the library is loaded, and then throws `ERR_BLAS`; with LAYERWISE_SKIP_SELF_CHECK=1 it does
 * not, and a program can look at this report instead.
 */
export function selfCheck(): SelfCheckReport {
  const checks = binding.selfCheck(0).map((check) => ({ ...check, passed: check.error <= check.limit }));
  return { passed: checks.every((check) => check.passed), checks, message: diagnose(checks, binding.blasInfo()) };
}
