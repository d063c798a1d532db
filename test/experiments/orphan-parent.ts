// Started by local.test.ts to be killed: runs a trial that never ends and prints the id of the process that runs it.
import { readdirSync, readFileSync } from "node:fs";
import { chunked, makeTrial } from "../../lib/experiments/executor.js";
import { LocalExecutor } from "../../lib/experiments/local.js";
import { experiments } from "./fixture-experiments.js";

const executor = new LocalExecutor({ workers: 1, modules: [new URL("./fixture-experiments.ts", import.meta.url).href] });
const trials = [makeTrial(experiments[0]!), makeTrial(experiments[0]!, { mode: "hang" })];
for await (const _ of executor.execute(chunked(trials, 2))) {
  // The first trial is done, so the process lives and is now in the second.
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(readFileSync(`/proc/${pid}/status`, "utf8"));
      } catch {
        return false;
      }
    });
  console.log(children[0]);
}
