import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { fail, isUsageError } from "./output.js";
import { sweepCommands } from "./sweep-commands.js";

const collect = (value: string, previous: string[] = []) => [...previous, value];

/** Commander's messages are one line here, like all others. */
const oneLine = (text: string) =>
  `layerwise: ${text
    .replace(/^error: /, "")
    .trim()
    .replace(/\s+/g, " ")}\n`;

/** The commands; one that returns a number means its exit code. */
function commands(returned: (code: number) => void): { program: Command; run: Command } {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const action =
    <Args extends unknown[]>(work: (...args: Args) => Promise<unknown>) =>
    async (...args: Args) => {
      const code = await work(...args);
      returned(typeof code === "number" ? code : 0);
    };

  const program: Command = new Command("layerwise")
    .description(
      "Layer-wise preconditioned optimization on the CPU: experiments, figures and checks.\nResults go to stdout, progress to stderr.",
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const names = program.commands.map((command) => command.name());
        write(oneLine(text.includes("unknown command") ? `${text} — commands are ${names.join(", ")}` : text));
      },
    });

  program
    .command("list")
    .description("List the experiments, or the keys of one with their defaults, bounds and meaning")
    .argument("[experiment]", "an experiment's id, or a file that exports one")
    .option("--json", "print JSON")
    .action(action(async (id: string | undefined, options: { json?: boolean }) => (await import("./list.js")).list(id, options)));

  const run = program
    .command("run")
    .description("Run one trial of an experiment")
    .argument("<experiment>", "an experiment's id (see `layerwise list`), or a file that exports one")
    .option("--set <key=value>", "set a key; may be repeated", collect)
    .option("--json", "print one JSON object: experiment, config, metrics, series")
    .option("--out <dir>", "also write result.json and series.csv into this folder")
    .action(
      action(async (id: string, options: { set?: string[]; json?: boolean; out?: string }) => (await import("./run.js")).run(id, options)),
    );

  program
    .command("reproduce")
    .description("Run the paper's experiments: figures, the table of claims, and a report that opens offline")
    .option("--quick", "smaller sizes and fewer seeds (about a minute instead of several)")
    .option("--all", "also the figures past the paper: second order, damping map, powers of the covariance, matrix sensing, …")
    .option("--out <dir>", "where to write index.html, the figures and results.json", "results/reproduce")
    .option("--seed <n>", "seed of everything", "0")
    .option("--workers <n>", "processes (default: one per core)")
    .option("--only <figures>", "figures to make, by id, separated by commas")
    .action(
      action(async (options: { all?: boolean; quick?: boolean; out: string; seed: string; workers?: string; only?: string }) =>
        (await import("./reproduce.js")).reproduce(options),
      ),
    );

  sweepCommands(program, action);

  program
    .command("claims")
    .description("Test the claims: run what they need and print a verdict on each, with its test and what was measured")
    .option("--only <claims>", "claims to test, by id, separated by commas")
    .option("--json", "print one JSON object")
    .option("--quick", "smaller sizes and fewer seeds")
    .option("--seed <n>", "seed of everything", "0")
    .option("--workers <n>", "processes (default: one per core)")
    .action(
      action(async (options: { only?: string; json?: boolean; quick?: boolean; seed: string; workers?: string }) =>
        (await import("./claims.js")).claims(options),
      ),
    );

  program
    .command("doctor")
    .description("Check Node, the native addon and whether BLAS and LAPACK compute correctly on this processor")
    .option("--json", "print JSON")
    .action(action(async (options: { json?: boolean }) => (await import("./doctor.js")).doctor(options)));

  return { program, run };
}

/** `run X --help` also explains the keys of X. Help is synchronous, so they are fetched beforehand. */
async function explainKeys(run: Command, args: readonly string[]): Promise<void> {
  if (args[0] !== "run" || !args.some((word) => word === "--help" || word === "-h")) return;
  const { experiments } = await import("../experiments/index.js");
  const experiment = experiments.find(({ id }) => args.includes(id));
  if (!experiment) {
    run.addHelpText("after", "\nThe keys of an experiment: `layerwise run EXPERIMENT --help` or `layerwise list EXPERIMENT`.");
    return;
  }
  const { keysOf } = await import("./list.js");
  run.addHelpText("after", `\n${keysOf(experiment)}`);
}

/**
 * Runs a command line (without the program's name): results to stdout, progress and errors to stderr.
 * @returns the exit code: 0, 1 when the work failed, 2 for a mistake in the command line, 130 when interrupted.
 */
export async function execute(args: readonly string[]): Promise<number> {
  let code = 0;
  const { program, run } = commands((returned) => {
    code = returned;
  });
  try {
    if (args.length === 0) {
      process.stdout.write(program.helpInformation());
      return 0;
    }
    await explainKeys(run, args);
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return fail(error, isUsageError(error) ? 2 : 1);
  }
}
