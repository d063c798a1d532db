// A worker of bullmq.nightly.ts, in a process of its own, to be killed.
import { bullWorker } from "../../lib/experiments/bullmq/worker.js";

const [url, queue, version] = process.argv.slice(2) as [string, string, string];
const modules = [new URL("../experiments/sweep/fixture.ts", import.meta.url).href];
await bullWorker({ redis: { url }, queue, version, modules, workers: 1, lockDuration: 3000 });
console.log("ready");
