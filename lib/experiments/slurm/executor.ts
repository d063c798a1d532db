import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Chunks, ExecuteOptions, Executor, Trial, TrialRecord } from "../executor.js";
import { Gather } from "../sweep/gather.js";
import { lines } from "../sweep/journal.js";

export interface SlurmOptions {
  /** The run folder, on a file system that every node sees under the same path. */
  readonly folder: string;
  /** File URLs of modules with further experiments, visible to every node. */
  readonly modules?: readonly string[];
  /** Options of sbatch: `["--partition=cpu", "--time=60", "--cpus-per-task=2"]`. */
  readonly sbatch?: readonly string[];
  /** Trials of one element of a job array: starting one costs a second or so. Default 50. */
  readonly perElement?: number;
  /** Trials that are with Slurm at a time. Default 20 000. */
  readonly outstanding?: number;
  /** Seconds between looks at the queue. Default 5. */
  readonly poll?: number;
  /** How often a lost element's trials are given to Slurm again. Default 5. */
  readonly maxLosses?: number;
}

/** What an element is given: its trials, and how to run them. */
export interface ElementTask {
  readonly trials: readonly Trial[];
  readonly modules: readonly string[];
  readonly timeout?: number;
}

interface Element {
  readonly folder: string;
  readonly job: string;
  readonly index: number;
  /** Without a record yet. */
  readonly missing: Map<string, Trial>;
  /** How far its output files have been read. */
  readonly read: Map<string, number>;
  /** Looks at the queue since it was last there. */
  absent: number;
}

const run = promisify(execFile);

/** The output files of an element: one per attempt, since Slurm may start it again. */
const outputsOf = (folder: string, index: number) =>
  readdirSync(folder).filter((name) => name.startsWith(`${index}.`) && name.endsWith(".jsonl"));

/** A record in a line, undefined for one that a crash has spoilt. */
function parseRecord(bytes: Buffer): TrialRecord | undefined {
  try {
    return JSON.parse(bytes.toString("utf8")) as TrialRecord;
  } catch {
    return undefined;
  }
}

/**
 * Runs trials as elements of Slurm job arrays. Tasks and results travel through files below `folder/slurm`; the records of an
 * element that was lost (killed, node gone, time limit) are kept, and its other trials are given to Slurm again, whether or
 * not the site requeues. What an earlier process had submitted is cancelled, and its results are used.
 */
export class SlurmExecutor implements Executor {
  private readonly base: string;
  private readonly jobs = new Set<string>();
  private count = 0;
  private finished = false;

  constructor(private readonly options: SlurmOptions) {
    this.base = join(options.folder, "slurm");
  }

  async *execute(chunks: Chunks, { signal, timeout }: ExecuteOptions = {}): AsyncGenerator<TrialRecord> {
    const { perElement = 50, outstanding = 20_000, poll = 5, maxLosses = 5, modules = [] } = this.options;
    const source = new Gather(chunks);
    const kept = await this.leftovers();
    const limit = await maxArraySize();
    const losses = new Map<string, number>();
    let elements: Element[] = [];
    let again: Trial[] = [];
    for (;;) {
      signal?.throwIfAborted();
      const busy = elements.reduce((sum, { missing }) => sum + missing.size, 0);
      const fresh: Trial[] = [];
      for (const trial of await source.take(Math.max(0, outstanding - busy - again.length))) {
        const record = kept.get(trial.id);
        kept.delete(trial.id);
        if (record) yield record;
        else fresh.push(trial);
      }
      const wanted = [...again, ...fresh];
      again = [];
      for (let start = 0; start < wanted.length; start += perElement * limit) {
        const part = wanted.slice(start, start + perElement * limit);
        const tasks: ElementTask[] = [];
        for (let i = 0; i < part.length; i += perElement) tasks.push({ trials: part.slice(i, i + perElement), modules, timeout });
        elements.push(...(await this.submit(tasks)));
      }
      if (elements.length === 0) {
        if (!source.exhausted) continue;
        this.finished = true;
        return;
      }
      await sleep(1000 * poll, undefined, { signal });
      const present = await queued([...new Set(elements.map(({ job }) => job))]);
      for (const element of elements) {
        for (const record of news(element)) yield record;
        // Its files may appear here later than its end in the queue.
        if (present) element.absent = present.has(`${element.job}_${element.index}`) ? 0 : element.absent + 1;
        if (element.missing.size === 0 || element.absent < 3) continue;
        for (const [id, trial] of element.missing) {
          const lost = (losses.get(id) ?? 0) + 1;
          losses.set(id, lost);
          if (lost <= maxLosses) again.push(trial);
          else
            yield { ...trial, status: "failed", error: `its Slurm job was lost ${lost} times; see ${element.folder}/${element.index}.log` };
        }
        element.missing.clear();
      }
      elements = elements.filter(({ missing }) => missing.size > 0);
    }
  }

  private async submit(tasks: readonly ElementTask[]): Promise<Element[]> {
    const folder = join(this.base, `${Date.now().toString(36)}-${process.pid}-${this.count++}`);
    mkdirSync(folder, { recursive: true });
    tasks.forEach((task, index) => {
      writeFileSync(join(folder, `${index}.json`), JSON.stringify(task));
    });
    const extension = extname(import.meta.url);
    const program = fileURLToPath(new URL(`./element${extension}`, import.meta.url));
    const node = [process.execPath, ...(extension === ".ts" ? ["--import", import.meta.resolve("tsx")] : []), program];
    const quoted = [...node, folder].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    writeFileSync(join(folder, "job.sh"), `#!/bin/sh\nexport OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1\nexec ${quoted}\n`);
    const args = [
      "--parsable",
      `--array=0-${tasks.length - 1}`,
      "--job-name=layerwise",
      "--requeue",
      "--open-mode=append",
      `--output=${folder.replaceAll("%", "%%")}/%a.log`,
      `--chdir=${this.options.folder}`,
      ...(this.options.sbatch ?? []),
      join(folder, "job.sh"),
    ];
    const job = (await patient(() => run("sbatch", args))).stdout.trim().split(";")[0]!;
    writeFileSync(join(folder, "job"), job);
    this.jobs.add(job);
    return tasks.map(({ trials }, index) => ({
      folder,
      job,
      index,
      missing: new Map(trials.map((trial) => [trial.id, trial])),
      read: new Map(),
      absent: 0,
    }));
  }

  /** Cancels the jobs of an earlier process and reads what they have computed. */
  private async leftovers(): Promise<Map<string, TrialRecord>> {
    const records = new Map<string, TrialRecord>();
    if (!existsSync(this.base)) return records;
    for (const name of readdirSync(this.base)) {
      const folder = join(this.base, name);
      if (existsSync(join(folder, "job"))) await cancel([readFileSync(join(folder, "job"), "utf8")]);
      for (const file of readdirSync(folder).filter((output) => output.endsWith(".jsonl"))) {
        for (const { bytes } of lines(join(folder, file))) {
          const record = parseRecord(bytes);
          if (record?.status === "ok") records.set(record.id, record);
        }
      }
    }
    return records;
  }

  async close(): Promise<void> {
    await cancel([...this.jobs]);
    // Otherwise a later process uses what is there.
    if (this.finished && existsSync(this.base)) rmSync(this.base, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The records that have appeared since the last look, one per trial. */
function* news(element: Element): Generator<TrialRecord> {
  for (const name of outputsOf(element.folder, element.index)) {
    for (const { bytes, offset } of lines(join(element.folder, name), element.read.get(name) ?? 0)) {
      element.read.set(name, offset + bytes.length + 1);
      const record = parseRecord(bytes);
      if (record && element.missing.delete(record.id)) yield record;
    }
  }
}

/** Tries a command for some minutes: the controller may be restarting. */
async function patient<T>(command: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await command();
    } catch (error) {
      const text = String((error as { stderr?: string }).stderr ?? error);
      if ((error as NodeJS.ErrnoException).code === "ENOENT")
        throw new Error("layerwise: Slurm's commands (sbatch, squeue) are not installed here");
      if (attempt >= 30 || !/contact|connect|timed out|try again|unavailable/i.test(text))
        throw new Error(`layerwise: Slurm: ${text.trim()}`);
      await sleep(10_000);
    }
  }
}

/** The elements that are pending or running; undefined when the controller does not answer. */
async function queued(jobs: readonly string[]): Promise<Set<string> | undefined> {
  try {
    const { stdout } = await run("squeue", ["--noheader", "--array", "--format=%i", `--jobs=${jobs.join(",")}`]);
    return new Set(stdout.split(/\s+/).filter(Boolean));
  } catch (error) {
    // It has forgotten them: they ended a while ago.
    return /Invalid job id/i.test(String((error as { stderr?: string }).stderr)) ? new Set() : undefined;
  }
}

async function cancel(jobs: readonly string[]): Promise<void> {
  if (jobs.length) await run("scancel", [...jobs]).catch(() => {});
}

/** The number of elements an array may have. */
async function maxArraySize(): Promise<number> {
  const { stdout } = await patient(() => run("scontrol", ["show", "config"]));
  return Math.max(1, Number(/MaxArraySize\s*=\s*(\d+)/.exec(stdout)?.[1] ?? 1001));
}
