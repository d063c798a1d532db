// A process of the local executor: runs chunks of trials and reports each as soon as it is done.
import { Worker } from "node:worker_threads";
import workerpool from "workerpool";
import type { AnyExperiment } from "./define.js";
import type { Trial, TrialRecord } from "./executor.js";
import { experimentById, experiments } from "./registry.js";
import { runTrial } from "./trial.js";

/** Extra modules (file URLs) whose exports named `experiments` or `default` are experiments too. */
async function known(modules: readonly string[]): Promise<readonly AnyExperiment[]> {
  const found = await Promise.all(modules.map(async (url) => [await import(url)].flatMap((m) => m.experiments ?? m.default)));
  return [...found.flat(), ...experiments];
}

async function perform(trial: Trial, among: readonly AnyExperiment[]): Promise<TrialRecord> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  try {
    const result = await runTrial(experimentById(trial.experiment, among), trial.config);
    const { user, system } = process.cpuUsage(cpu);
    const timing = { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
    return { ...result, id: trial.id, status: "ok", timing };
  } catch (error) {
    return { ...trial, status: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function runChunk(trials: readonly Trial[], modules: readonly string[]): Promise<void> {
  const among = await known(modules);
  for (const trial of trials) workerpool.workerEmit(await perform(trial, among));
}

/**
 * Ends this process when its parent is gone, even in the middle of a long synchronous trial: a thread of its own watches,
 * because the main thread sees the closed channel only between trials.
 */
function dieWithParent(): void {
  const watch = `
    const parent = process.ppid;
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 500);
  `;
  new Worker(watch, { eval: true, execArgv: [] }).unref();
}

dieWithParent();
// Ctrl-C reaches the whole process group; the parent decides what happens to its children.
process.on("SIGINT", () => {});
workerpool.worker({ runChunk });
