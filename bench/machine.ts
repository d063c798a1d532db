import { cpus } from "node:os";
import { blasInfo } from "../lib/runtime.js";

/** What every figure must be read with: CPU, BLAS and its kernels, threads, Node. */
export function machineLine(): string {
  const { version, coreType, threads } = blasInfo();
  const processors = cpus();
  return `${processors[0]?.model ?? "unknown CPU"}, ${processors.length} cores; ${version}, ${coreType} kernels, ${threads} thread${threads === 1 ? "" : "s"}; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}`;
}
