import { unknownName } from "../experiments/config.js";
import { LocalExecutor } from "../experiments/index.js";
import { allFigures, type Claim, type Figure, judge } from "../experiments/paper/index.js";
import { runFigures } from "../experiments/reproduce.js";
import { integerOption, table, wrap } from "./output.js";
import { progress } from "./progress.js";

interface Options {
  only?: string;
  json?: boolean;
  quick?: boolean;
  seed: string;
  workers?: string;
}

interface Chosen {
  readonly figure: Figure;
  readonly claim: Claim;
}

function chosen(only: string | undefined): Chosen[] {
  const all = allFigures.flatMap((figure) => figure.claims.map((claim) => ({ figure, claim })));
  if (only === undefined) return all;
  return only.split(",").map((id) => {
    const found = all.find(({ claim }) => claim.id === id);
    if (found) return found;
    throw unknownName(
      "claim",
      id,
      all.map(({ claim }) => claim.id),
    );
  });
}

/** `layerwise claims`: runs what the claims need and prints their verdicts. @returns the exit code, 1 when a trial has failed */
export async function claims(options: Options): Promise<number> {
  const wanted = chosen(options.only);
  const settings = { quick: options.quick ?? false, seed: integerOption("seed", options.seed, 0, 1e12), all: true };
  const workers = options.workers === undefined ? undefined : integerOption("workers", options.workers, 1, 1024);
  const figures = [...new Set(wanted.map(({ figure }) => figure))];
  const executor = new LocalExecutor({ workers });
  const shown = progress();
  try {
    const { results } = await runFigures(figures, settings, executor, { observer: shown });
    shown.stop();
    const judged = wanted.map(({ figure, claim }) => ({ figure, claim, judgement: judge(figure, claim, settings, results) }));
    if (options.json) {
      const rows = judged.map(({ figure, claim: { id, statement, source, estimator, test, conditions }, judgement }) => ({
        id,
        statement,
        source,
        experiments: [...new Set(figure.plan(settings, results).map(({ experiment }) => experiment))],
        figure: figure.id,
        estimator,
        test,
        conditions: conditions ?? null,
        ...judgement,
      }));
      console.log(JSON.stringify({ settings: { quick: settings.quick, seed: settings.seed }, claims: rows }));
    } else {
      console.log(
        table(
          ["verdict", "claim", "statement"],
          judged.map(({ claim, judgement }) => [judgement.verdict, claim.id, claim.statement]),
        ),
      );
      for (const { claim, judgement } of judged) {
        const lines = [
          `Measured: ${judgement.measured}.`,
          `Test: ${claim.test}`,
          ...(claim.conditions ? [`Conditions: ${claim.conditions}`] : []),
        ];
        console.log(`\n${claim.id}: ${judgement.verdict}\n${lines.map((line) => wrap(line, 110, "  ")).join("\n")}`);
      }
    }
    return [...results].some(({ status }) => status === "failed") ? 1 : 0;
  } finally {
    shown.stop();
    await executor.close();
  }
}
