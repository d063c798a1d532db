import { statusOf } from "../experiments/sweep/status.js";
import { RunFolder } from "../experiments/sweep/store.js";

/** `layerwise status DIR`: reads only. */
export function status(dir: string, options: { json?: boolean }): void {
  const state = statusOf(RunFolder.open(dir));
  if (options.json) {
    console.log(JSON.stringify(state));
    return;
  }
  const { trials, ok, failed, missing, running, failures } = state;
  console.log(`${state.experiment} in ${state.dir}`);
  console.log(`${trials === null ? "" : `${trials} trials: `}${ok} ok, ${failed} failed${missing === null ? "" : `, ${missing} missing`}`);
  console.log(running ? `process ${running.pid} on ${running.host} is at work since ${running.since}` : "nobody is at work on it");
  for (const { id, error } of failures) console.log(`failed ${id.slice(0, 8)}: ${error.slice(0, 160)}`);
  if (!running && missing) console.log(`go on with: layerwise resume ${dir}`);
  if (!running && failed) console.log(`try the failed ones again with: layerwise resume ${dir} --retry-failed`);
}
