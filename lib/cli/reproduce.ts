import { unknownName } from "../experiments/config.js";
import { environment } from "../experiments/environment.js";
import { LocalExecutor } from "../experiments/index.js";
import { allFigures, figures as paper } from "../experiments/paper/index.js";
import { writeReport } from "../experiments/paper/write.js";
import { runFigures } from "../experiments/reproduce.js";
import { integerOption, resultFolder, table, wrap } from "./output.js";
import { progress } from "./progress.js";

interface Options {
  all?: boolean;
  quick?: boolean;
  out: string;
  seed: string;
  workers?: string;
  only?: string;
}

function chosen(only: string | undefined, all: boolean) {
  if (only === undefined) return all ? allFigures : paper;
  const ids = allFigures.map(({ id }) => id);
  return [...new Set(only.split(","))].map((id) => {
    const figure = allFigures.find((candidate) => candidate.id === id);
    if (!figure) throw unknownName("figure", id, ids);
    return figure;
  });
}

/** `layerwise reproduce` */
export async function reproduce(options: Options): Promise<number> {
  const all = options.all ?? false;
  const settings = { quick: options.quick ?? false, seed: integerOption("seed", options.seed, 0, 1e12), ...(all ? { all } : {}) };
  const workers = options.workers === undefined ? undefined : integerOption("workers", options.workers, 1, 1024);
  const figures = chosen(options.only, all);
  const folder = resultFolder(options.out, "results.json");

  const controller = new AbortController();
  const interrupt = () => controller.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const executor = new LocalExecutor({ workers });
  const shown = progress();
  const started = performance.now();
  try {
    const { results, trials } = await runFigures(figures, settings, executor, { observer: shown, signal: controller.signal });
    shown.stop();
    const wallSeconds = (performance.now() - started) / 1000;
    const claims = await writeReport(folder, { figures, settings, results, trials, environment: environment(), wallSeconds });

    const rows = claims.map(({ claim, judgement }) => [judgement.verdict, claim.id, judgement.measured]);
    console.log(table(["verdict", "claim", "measured"], rows));
    const failed = [...results].filter((record) => record.status === "failed");
    for (const { error } of failed.slice(0, 3)) process.stderr.write(`a trial failed: ${error.split("\n")[0]}\n`);
    process.stderr.write(`${wrap(`${trials.length} trials in ${wallSeconds.toFixed(1)} s; report: ${folder}/index.html`, 120)}\n`);
    return failed.length ? 1 : 0;
  } catch (error) {
    shown.stop();
    if (!controller.signal.aborted) throw error;
    process.stderr.write("layerwise: interrupted; nothing was written\n");
    return 130;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await executor.close();
  }
}
