import { reopenPlan } from "../experiments/sweep/session.js";
import { RunFolder } from "../experiments/sweep/store.js";
import { checkedOptions, type WorkOptions, work } from "./sweep-run.js";

/** `layerwise resume DIR` */
export async function resume(dir: string, options: WorkOptions & { force?: boolean }): Promise<number> {
  checkedOptions(options);
  const folder = RunFolder.open(dir);
  return work(folder, await reopenPlan(folder, { force: options.force }), options);
}
