import type { Command } from "commander";

type Action = <Args extends unknown[]>(work: (...args: Args) => Promise<unknown>) => (...args: Args) => Promise<void>;

/** Options of the commands that run trials. */
const working = (command: Command) =>
  command
    .option("--workers <n>", "processes (default: one per core)")
    .option("--max-retries <n>", "how often a failed trial is tried again", "0")
    .option("--fail-fast", "stop at the first trial that fails for good")
    .option("--timeout <seconds>", "end a trial that takes longer; it counts as failed")
    .option("--metric <name>", "the metric that a search looks at, and whose best value progress shows (smaller is better)")
    .option("--max", "larger is better")
    .option("--json", "print one JSON object at the end")
    .option("--executor <name>", "local (processes on this machine), slurm, or bullmq", "local")
    .option("--sbatch <options>", 'options of sbatch, as "--partition=cpu --time=60 --cpus-per-task=4"')
    .option("--per-element <n>", "trials of one element of a Slurm job array (default: 50)")
    .option("--redis <url>", "redis://user:password@host:port/db, rediss:// with TLS (default: LAYERWISE_REDIS)")
    .option("--queue <name>", "name of the BullMQ queue (default: by the run folder)");

/** The commands about sweeps: many trials, kept in a run folder. */
export function sweepCommands(program: Command, action: Action): void {
  working(
    program
      .command("sweep")
      .description("Run an experiment for every combination of values, on every core, into a run folder")
      .argument("<target>", "an experiment's id, a file that exports one (my.ts), or a sweep file (.yaml, .json, .toml)")
      .argument("[key=values...]", "values: a,b,c · 0:20 (integers, end excluded) · log:1e-3:1:7 · lin:0:1:5"),
  )
    .option("--out <dir>", "the run folder; new or empty")
    .option("--dry-run", "check everything, count the trials, time a few and estimate; run nothing")
    .option("--random <n>", "draw n samples instead of all combinations (log:low:high and lin:low:high are intervals)")
    .option("--asha <n>", "successive halving of n samples; needs --metric and --budget")
    .option("--budget <key=min:max>", "the key that ASHA raises from min to max, as steps=100:2700")
    .option("--eta <n>", "ASHA keeps one of n and gives it n times the budget (default: 3)")
    .option("--search-seed <n>", "seed of the samples", "0")
    .action(
      action(async (target: string, assignments: string[], options: object) =>
        (await import("./sweep.js")).sweep(target, assignments, options),
      ),
    );

  working(
    program.command("resume").description("Go on with an interrupted sweep: run what has no result").argument("<dir>", "its run folder"),
  )
    .option("--retry-failed", "also run again what failed")
    .option("--force", "go on even though the code has changed since")
    .action(action(async (dir: string, options: object) => (await import("./resume.js")).resume(dir, options)));

  program
    .command("status")
    .description("How a sweep stands: done, failed, missing, and whether somebody is at work on it")
    .argument("<dir>", "its run folder")
    .option("--json", "print JSON")
    .action(action(async (dir: string, options: object) => (await import("./status.js")).status(dir, options)));

  program
    .command("export")
    .description("Write a sweep's results as Parquet, CSV or npz")
    .argument("<dir>", "its run folder")
    .option("--format <format>", "parquet, csv or npz (default: by the name of --out, else parquet)")
    .option("--out <file>", "where to (default: results.<format> in the run folder)")
    .option("--series", "the recorded series instead, a row per trial and record")
    .option("--timing", "with the wall and processor seconds of every trial")
    .action(action(async (dir: string, options: object) => (await import("./export.js")).exportResults(dir, options)));

  const showing = (command: Command) =>
    command
      .argument("<dir>", "its run folder")
      .option("--metric <name>", "the metric (default: the first that is a number)")
      .option("--max", "larger is better")
      .option("--series <column>", "the column of the series that curves show (default: the second)");

  showing(
    program
      .command("report")
      .description(
        "Write report.html into a sweep's folder: sensitivity, heat map, curves, best of all; or draw a folder of `reproduce` again",
      ),
  ).action(action(async (dir: string, options: object) => (await import("./report.js")).report(dir, options)));

  showing(program.command("watch").description("Serve a live page about a sweep, on this machine only"))
    .option("--port <n>", "port on 127.0.0.1 (0: any)", "0")
    .action(action(async (dir: string, options: { port: string }) => (await import("./watch.js")).watch(dir, options)));

  program
    .command("worker")
    .description("Run trials from a BullMQ queue (of `sweep --executor bullmq`) until interrupted")
    .requiredOption("--queue <name>", "the queue, as the sweep prints it")
    .option("--redis <url>", "as the sweep's")
    .option("--ca <file>", "the authority that signed the server's certificate, in PEM")
    .option("--workers <n>", "processes (default: one per core)")
    .option("--experiment <file>", "the file that exports the experiment, when it is not the package's own")
    .action(action(async (options: { queue: string }) => (await import("./worker.js")).worker(options)));
}
