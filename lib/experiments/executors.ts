import { createHash } from "node:crypto";
import { connectionOf } from "./bullmq/connection.js";
import { ConfigError, show, unknownName } from "./config.js";
import type { Executor } from "./executor.js";
import { LocalExecutor } from "./local.js";
import { modulesOf } from "./sweep/session.js";
import type { RunFolder } from "./sweep/store.js";

export const executorNames = ["local", "slurm", "bullmq"] as const;

export interface ExecutorChoice {
  readonly executor?: string;
  readonly workers?: number;
  /** Options of sbatch, separated by blanks. */
  readonly sbatch?: string;
  readonly perElement?: number;
  /** URL of the server; default: the environment's LAYERWISE_REDIS, which keeps a password out of the process list. */
  readonly redis?: string;
  readonly queue?: string;
}

/** The queue of a run folder, unless another is named. */
export const queueOf = (folder: RunFolder) => `layerwise-${createHash("sha256").update(folder.path).digest("hex").slice(0, 12)}`;

/** The server's URL. @throws ConfigError when there is none */
export function redisUrl(url: string | undefined): string {
  const found = url ?? process.env.LAYERWISE_REDIS;
  if (found) return found;
  const allowed = "a URL (or set LAYERWISE_REDIS)";
  throw new ConfigError({ message: `--redis must be ${allowed}, got nothing`, key: "redis", allowed });
}

/** Checks a choice before a folder is made for it. @throws ConfigError */
export function checkExecutor({ executor = "local", sbatch, redis }: ExecutorChoice): void {
  if (!(executorNames as readonly string[]).includes(executor)) throw unknownName("executor", executor, executorNames);
  if (executor === "bullmq") connectionOf({ url: redisUrl(redis) });
  const odd = words(sbatch).find((word) => !word.startsWith("-"));
  if (odd) {
    const allowed = "options of sbatch such as --partition=cpu --time=60";
    throw new ConfigError({ message: `--sbatch must be ${allowed}, got ${show(odd)}`, key: "sbatch", got: odd, allowed });
  }
}

const words = (text = "") => text.split(/\s+/).filter(Boolean);

/** The executor of a name for a run folder. @throws ConfigError */
export async function makeExecutor(choice: ExecutorChoice, folder: RunFolder): Promise<Executor> {
  checkExecutor(choice);
  const { executor = "local", workers } = choice;
  const modules = modulesOf(folder);
  if (executor === "slurm") {
    const { SlurmExecutor } = await import("./slurm/executor.js");
    return new SlurmExecutor({ folder: folder.path, modules, sbatch: words(choice.sbatch), perElement: choice.perElement });
  }
  if (executor === "bullmq") {
    const { BullExecutor } = await import("./bullmq/executor.js");
    const queue = choice.queue ?? queueOf(folder);
    process.stderr.write(`queue ${queue}: start workers with layerwise worker --queue ${queue}\n`);
    return new BullExecutor({ redis: { url: redisUrl(choice.redis) }, queue, version: folder.manifest.version });
  }
  return new LocalExecutor({ workers, modules });
}
