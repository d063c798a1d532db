import { RunFolder } from "../experiments/sweep/store.js";
import { watchSweep } from "../experiments/sweep/watch.js";
import { integerOption } from "./output.js";

/** `layerwise watch DIR`: serves until it is interrupted. */
export async function watch(dir: string, options: { port: string; metric?: string; max?: boolean; series?: string }): Promise<number> {
  const folder = RunFolder.open(dir);
  const { metric, series } = options;
  const server = await watchSweep(folder, integerOption("port", options.port, 0, 65535), {
    metric,
    series,
    mode: options.max ? "max" : "min",
  });
  console.log(server.url);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.close();
  return 0;
}
