import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bullWorker } from "../experiments/bullmq/worker.js";
import { redisUrl } from "../experiments/executors.js";
import { bundleModule } from "../experiments/sweep/module.js";
import { codeVersion } from "../experiments/sweep/version.js";
import { integerOption } from "./output.js";

interface Options {
  queue: string;
  redis?: string;
  ca?: string;
  workers?: string;
  experiment?: string;
}

/** `layerwise worker`: runs trials from a BullMQ queue until it is interrupted. */
export async function worker(options: Options): Promise<number> {
  const workers = options.workers === undefined ? undefined : integerOption("workers", options.workers, 1, 1024);
  const redis = { url: redisUrl(options.redis), ca: options.ca };
  const folder = mkdtempSync(join(tmpdir(), "layerwise-"));
  try {
    const modules: string[] = [];
    let hash: string | null = null;
    if (options.experiment !== undefined) {
      const bundled = await bundleModule(options.experiment);
      hash = bundled.hash;
      writeFileSync(join(folder, "experiment.mjs"), bundled.text);
      modules.push(pathToFileURL(join(folder, "experiment.mjs")).href);
    }
    const running = await bullWorker({ redis, queue: options.queue, version: codeVersion(hash), workers, modules });
    process.stderr.write(`at work on ${options.queue}\n`);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await running.close();
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
