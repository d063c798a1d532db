import { describeKeys, experimentById, experiments } from "../experiments/index.js";
import { table, wrap } from "./output.js";

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The keys of an experiment, as help text. @throws ConfigError when there is no such experiment. */
export function keysOf(id: string): string {
  const experiment = experimentById(id);
  const keys = describeKeys(experiment);
  const width = Math.max(...keys.map(({ key }) => key.length));
  const lines = keys.map(
    (info) =>
      `  ${info.key.padEnd(width)}  ${wrap(`${info.description}: ${info.allowed} (default ${shown(info.default)})`, 100, " ".repeat(width + 4)).trimStart()}`,
  );
  return [`${experiment.id} — ${experiment.title}`, wrap(experiment.summary, 100), "", "Keys (--set key=value):", ...lines].join("\n");
}

/** `layerwise list [EXPERIMENT]` */
export function list(id: string | undefined, options: { json?: boolean }): void {
  const chosen = id === undefined ? experiments : [experimentById(id)];
  if (options.json) {
    const plain = chosen.map((experiment) => ({
      id: experiment.id,
      title: experiment.title,
      summary: experiment.summary,
      keys: describeKeys(experiment),
    }));
    console.log(JSON.stringify(id === undefined ? plain : plain[0], null, 2));
  } else if (id !== undefined) {
    console.log(keysOf(id));
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
