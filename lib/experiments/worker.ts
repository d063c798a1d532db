// A process of the local executor: runs chunks of trials and reports each as soon as it is done.
import { Worker } from "node:worker_threads";
import workerpool from "workerpool";
import type { Trial } from "./executor.js";
import { knownExperiments, perform } from "./perform.js";

async function runChunk(trials: readonly Trial[], modules: readonly string[]): Promise<void> {
  const among = await knownExperiments(modules);
  // The parent ends this process when a trial takes too long: it needs to know which one it is, and when the first begins.
  workerpool.workerEmit({ pid: process.pid });
  for (const trial of trials) workerpool.workerEmit(await perform(trial, among));
}

/**
 * Ends this process when its parent is gone, even in the middle of a long synchronous trial: a thread of its own watches,
 * because the main thread sees the closed channel only between trials.
 */
function dieWithParent(): void {
  const watch = `
    const parent = Number(process.env.LAYERWISE_PARENT || process.ppid);
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 500);
  `;
  new Worker(watch, { eval: true, execArgv: [] }).unref();
}

dieWithParent();
// Ctrl-C reaches the whole process group; the parent decides what happens to its children.
process.on("SIGINT", () => {});
const end = () => process.kill(process.pid, "SIGKILL");
process.on("disconnect", end);
// The parent may have gone while this process was starting, or go while it reports.
process.on("error", end);
if (!process.connected) end();
workerpool.worker({ runChunk });
