// An element of a Slurm job array: runs its trials and appends their records to a file of this attempt.
import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { chunked } from "../executor.js";
import { LocalExecutor } from "../local.js";
import { lines } from "../sweep/journal.js";
import type { ElementTask } from "./executor.js";

const folder = process.argv[2]!;
const index = process.env.SLURM_ARRAY_TASK_ID!;
const { trials, modules, timeout } = JSON.parse(readFileSync(join(folder, `${index}.json`), "utf8")) as ElementTask;

// What an earlier attempt has done need not be done again.
const done = new Set<string>();
for (const name of readdirSync(folder).filter((file) => file.startsWith(`${index}.`) && file.endsWith(".jsonl"))) {
  for (const { bytes } of lines(join(folder, name))) {
    try {
      done.add((JSON.parse(bytes.toString("utf8")) as { id: string }).id);
    } catch {
      // Spoilt by the crash that ended the attempt.
    }
  }
}

const fd = openSync(join(folder, `${index}.${process.env.SLURM_RESTART_COUNT ?? 0}-${process.pid}-${Date.now().toString(36)}.jsonl`), "wx");
const executor = new LocalExecutor({ workers: Number(process.env.SLURM_CPUS_PER_TASK ?? 1), modules });
try {
  const rest = trials.filter(({ id }) => !done.has(id));
  for await (const record of executor.execute(chunked(rest, 1), { timeout })) {
    writeSync(fd, `${JSON.stringify(record)}\n`);
    fdatasyncSync(fd);
  }
} finally {
  closeSync(fd);
  await executor.close();
}
