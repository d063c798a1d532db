import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { complete, drawChart, type PageFigure, pageHtml, toPng } from "../../report/index.js";
import type { Trial, TrialRecord } from "../executor.js";
import { quoted } from "../shell.js";
import { type Claim, type Figure, type Judgement, judge, type Settings } from "./figure.js";
import { allFigures, figures as defaults } from "./index.js";
import { packTrials, type Reproduction, trialsFile } from "./stored.js";

/** A claim with its verdict. */
export interface JudgedClaim {
  readonly figure: string;
  readonly claim: Claim;
  readonly judgement: Judgement;
}

export function judgeAll({ figures, settings, results }: Pick<Reproduction, "figures" | "settings" | "results">): JudgedClaim[] {
  return figures.flatMap((figure) =>
    figure.claims.map((claim) => ({ figure: figure.id, claim, judgement: judge(figure, claim, settings, results) })),
  );
}

/** The command that makes a report of these figures. */
export function reproduceCommand({ quick, seed }: Settings, made: readonly Figure[]): string {
  const ids = (list: readonly Figure[]) => list.map(({ id }) => id).join(",");
  const which = ids(made) === ids(defaults) ? "" : ids(made) === ids(allFigures) ? " --all" : ` --only ${ids(made)}`;
  return `layerwise reproduce${quick ? " --quick" : ""}${seed ? ` --seed ${seed}` : ""}${which}`;
}

const plain = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function runCommand({ experiment, config }: Trial): string {
  const sets = Object.entries(config).map(
    ([key, value]) => `--set ${quoted(`${key}=${Array.isArray(value) ? value.join(",") : plain(value)}`)}`,
  );
  return `layerwise run ${experiment} ${sets.join(" ")}`;
}

/** What trials of one experiment have in common, and the values of the keys in which they differ. */
function configuration(trials: readonly Trial[]): string[] {
  return [...grouped(trials)].flatMap(([experiment, group]) => {
    const same: string[] = [];
    const varied: string[] = [];
    for (const key of Object.keys(group[0]!.config)) {
      const values = [...new Set(group.map(({ config }) => plain(config[key])))].sort((a, b) => Number(a) - Number(b) || 0);
      if (values.length === 1) same.push(`${key}=${values[0]}`);
      else varied.push(`${key}: ${values.join(" ")}`);
    }
    return [`${experiment}, ${group.length} trials`, `  ${same.join(" ")}`, ...varied.map((line) => `  ${line}`)];
  });
}

function grouped(trials: readonly Trial[]): Map<string, Trial[]> {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) groups.set(trial.experiment, [...(groups.get(trial.experiment) ?? []), trial]);
  return groups;
}

/** What depends on nothing but the settings, so that two runs can be compared byte by byte. */
function resultsJson({ figures, settings, results, trials }: Reproduction, claims: readonly JudgedClaim[]): string {
  const byId = new Map([...results].map((record): [string, TrialRecord] => [record.id, record]));
  const records = trials.map((trial) => {
    const record = byId.get(trial.id)!;
    const outcome = record.status === "ok" ? { metrics: record.metrics } : { error: record.error.split("\n")[0] };
    return { id: trial.id, experiment: trial.experiment, config: trial.config, status: record.status, ...outcome };
  });
  const judged = claims.map(({ figure, claim: { id, statement, source, estimator, test, conditions }, judgement }) => ({
    id,
    figure,
    statement,
    source,
    estimator,
    test,
    ...(conditions === undefined ? {} : { conditions }),
    ...judgement,
  }));
  return `${JSON.stringify({ settings, figures: figures.map(({ id }) => id), claims: judged, trials: records }, null, 1)}\n`;
}

const duration = (seconds: number) => (seconds < 90 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`);

/**
 * Writes `index.html`, one `<figure>.svg`, `.png` and `.vl.json` (its Vega-Lite specification) per figure, `results.json` (claims and
 * metrics: the same bytes for the same settings), `trials.jsonl.gz` (the same with every series: what `layerwise report` draws
 * from again) and `timing.json` (environment and times) into an existing folder.
 */
export async function writeReport(folder: string, reproduction: Reproduction): Promise<JudgedClaim[]> {
  const { figures, settings, results, trials, environment, wallSeconds } = reproduction;
  const claims = judgeAll(reproduction);
  const write = (name: string, text: string | Uint8Array) => writeFileSync(join(folder, name), text);

  const pages: PageFigure[] = [];
  for (const figure of figures) {
    const wide = figure.draw(settings, results, "wide");
    const own = figure.plan(settings, results);
    const chart = await drawChart(wide, `${figure.id}-wide-`);
    write(`${figure.id}.svg`, chart.svg);
    write(`${figure.id}.png`, await toPng(chart.svg));
    write(`${figure.id}.vl.json`, `${JSON.stringify(complete(wide))}\n`);
    pages.push({
      id: figure.id,
      title: figure.title,
      caption: figure.caption,
      wide: chart,
      narrow: await drawChart(figure.draw(settings, results, "narrow"), `${figure.id}-narrow-`),
      files: ["svg", "png", "vl.json"].map((type) => [type === "vl.json" ? "Vega-Lite" : type.toUpperCase(), `${figure.id}.${type}`]),
      table: figure.table(settings, results),
      commands: [reproduceCommand(settings, [figure]), ...(own.length ? [runCommand(own[own.length - 1]!)] : [])],
      configuration: configuration(own),
    });
  }

  const ok = [...results].filter((record) => record.status === "ok");
  const failed = trials.length - ok.length;
  const cpuSeconds = ok.reduce((sum, record) => sum + record.timing.cpuSeconds, 0);
  const { layerwise, commit, node, platform, cpu, cores, memoryGiB, blas, coreType } = environment;
  const environmentRows: [string, string][] = [
    ["layerwise", layerwise + (commit ? `, commit ${commit}` : "")],
    ["Node", `${node} on ${platform}`],
    ["machine", `${cpu}, ${cores} cores, ${memoryGiB} GiB`],
    ["BLAS", `${blas}, ${coreType} kernels, one thread per process`],
    ["seed", String(settings.seed)],
    ["trials", `${trials.length}${failed ? `, ${failed} failed` : ""}`],
    ["time", `${duration(wallSeconds)} (${duration(cpuSeconds)} of processor time in trials)`],
  ];
  write(
    "index.html",
    pageHtml({
      title: "Layer-wise preconditioning and feature learning: the paper's claims, reproduced",
      lead: [
        "Zhang et al., On The Concurrence of Layer-wise Preconditioning Methods and Provable Feature Learning (ICML 2025, arXiv 2502.01763): experiments on real " +
          "linear algebra, with the theory beside them. Every verdict comes from the test that is stated with its claim.",
        ...(settings.quick ? ["This is the quick version: smaller sizes and fewer seeds than the default."] : []),
      ],
      command: reproduceCommand(settings, reproduction.figures),
      claims: claims.map(({ claim, judgement }) => ({ ...claim, ...judgement })),
      figures: pages,
      environment: environmentRows,
    }),
  );
  write("results.json", resultsJson(reproduction, claims));
  write(trialsFile, packTrials(trials, results));
  const times = ok.map((record) => [record.id, record.timing]);
  write("timing.json", `${JSON.stringify({ environment, wallSeconds, trials: Object.fromEntries(times) }, null, 1)}\n`);
  return claims;
}
