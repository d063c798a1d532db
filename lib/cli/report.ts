import { join } from "node:path";
import { holdsReproduction, readReproduction } from "../experiments/paper/stored.js";
import { writeReport } from "../experiments/paper/write.js";
import { writeSweepReport } from "../experiments/sweep/report.js";
import { RunFolder } from "../experiments/sweep/store.js";

/** `layerwise report DIR`: of a sweep, or once more of what `reproduce` has run. */
export async function report(dir: string, options: { metric?: string; max?: boolean; series?: string }): Promise<void> {
  if (holdsReproduction(dir)) {
    await writeReport(dir, readReproduction(dir));
    console.log(join(dir, "index.html"));
    return;
  }
  const { metric, series } = options;
  console.log(await writeSweepReport(RunFolder.open(dir), { metric, series, mode: options.max ? "max" : "min" }));
}
