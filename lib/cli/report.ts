import { writeSweepReport } from "../experiments/sweep/report.js";
import { RunFolder } from "../experiments/sweep/store.js";

/** `layerwise report DIR` */
export async function report(dir: string, options: { metric?: string; max?: boolean; series?: string }): Promise<void> {
  const { metric, series } = options;
  console.log(await writeSweepReport(RunFolder.open(dir), { metric, series, mode: options.max ? "max" : "min" }));
}
