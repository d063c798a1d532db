import { type AnyExperiment, describeKeys, experiments } from "../experiments/index.js";
import { findExperiment } from "../experiments/sweep/session.js";
import { table, wrap } from "./output.js";

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The keys of an experiment, as help text. */
export function keysOf(experiment: AnyExperiment): string {
  const keys = describeKeys(experiment);
  const width = Math.max(...keys.map(({ key }) => key.length));
  const lines = keys.map(
    (info) =>
      `  ${info.key.padEnd(width)}  ${wrap(`${info.description}: ${info.allowed} (default ${shown(info.default)})`, 100, " ".repeat(width + 4)).trimStart()}`,
  );
  return [`${experiment.id} — ${experiment.title}`, wrap(experiment.summary, 100), "", "Keys (--set key=value):", ...lines].join("\n");
}

/** `layerwise list [EXPERIMENT]` @throws ConfigError when there is no such experiment. */
export async function list(id: string | undefined, options: { json?: boolean }): Promise<void> {
  const chosen = id === undefined ? experiments : [(await findExperiment(id, process.cwd())).experiment];
  if (options.json) {
    const plain = chosen.map((experiment) => ({
      id: experiment.id,
      title: experiment.title,
      summary: experiment.summary,
      keys: describeKeys(experiment),
    }));
    console.log(JSON.stringify(id === undefined ? plain : plain[0], null, 2));
  } else if (id !== undefined) {
    console.log(keysOf(chosen[0]!));
  } else {
    console.log(
      table(
        ["experiment", "title"],
        chosen.map((experiment) => [experiment.id, experiment.title]),
      ),
    );
    console.log("\nKeys of one: layerwise list EXPERIMENT. The paper's figures: layerwise reproduce.");
  }
}
