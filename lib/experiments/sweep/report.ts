import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Chart, drawChart, type Layout, type PageFigure, type PageTable, pageHtml, type Spec } from "../../report/index.js";
import { quoted } from "../shell.js";
import { reason, StoreError } from "./errors.js";
import { colorKey, curves, heatMap, sensitivity } from "./figures.js";
import { statusOf } from "./status.js";
import type { RunFolder } from "./store.js";
import { mean, ranked, type Summary, summarize } from "./summary.js";

export interface ReportOptions {
  readonly metric?: string;
  readonly mode?: "min" | "max";
  /** The column of the series that curves show; default: its second. */
  readonly series?: string;
}

const short = (value: number) => String(Number(value.toPrecision(5)));
const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The best groups, or (`by`) the best one of every value of a key. */
function bestTable(summary: Summary, by: string | undefined, count: number): PageTable {
  const keys = [...summary.varying.keys()];
  const order = ranked(summary);
  const chosen =
    by === undefined
      ? order.slice(0, count)
      : order.filter((group, i) => order.findIndex((other) => other.values[by] === group.values[by]) === i);
  return {
    caption: `${by === undefined ? `The best ${chosen.length} of ${order.length} configurations` : `The best of each ${by}`} by ${summary.metric} (${summary.mode === "min" ? "smallest" : "largest"} mean over seeds)`,
    header: [...keys, `mean ${summary.metric}`, "smallest", "largest", "trials", "without value"],
    rows: chosen.map(({ values, scores, without }) => [
      ...keys.map((key) => shown(values[key])),
      ...(scores.length ? [short(mean(scores)), short(scores[0]!), short(scores.at(-1)!)] : ["—", "—", "—"]),
      String(scores.length + without),
      String(without),
    ]),
  };
}

export interface Drawn {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly wide: Chart;
  readonly narrow: Chart;
  readonly table: PageTable;
}

/** The figures of a sweep as far as it has come. */
export async function drawSweep(folder: RunFolder, options: ReportOptions = {}): Promise<{ summary: Summary | null; figures: Drawn[] }> {
  const entries = folder.entries();
  const summary = summarize(folder, options, entries);
  if (!summary) return { summary, figures: [] };
  const figures: Drawn[] = [];
  const table = bestTable(summary, colorKey(summary), 10);
  const add = async (id: string, title: string, caption: string, draw: (layout: Layout) => Spec) =>
    figures.push({
      ...{ id, title, caption, table },
      wide: await drawChart(draw("wide"), `${id}-wide-`),
      narrow: await drawChart(draw("narrow"), `${id}-narrow-`),
    });
  const sensitive = sensitivity(summary, "wide");
  if (sensitive)
    await add(
      "sensitivity",
      `Sensitivity to ${sensitive.key}`,
      `${summary.metric} against ${sensitive.key}: the best over all other keys, mean over seeds; bars from the smallest to the largest seed.`,
      (layout) => sensitivity(summary, layout)!.spec,
    );
  const map = heatMap(summary, "wide");
  if (map)
    await add(
      "map",
      `${summary.metric} over ${map.keys.join(" and ")}`,
      "The best over all other keys, mean over seeds. Empty cells have no finished trial.",
      (layout) => heatMap(summary, layout)!.spec,
    );
  const seriesOf = (id: string) => {
    const row = folder.row(entries.get(id)!.place);
    return row.status === "ok" ? row.series : {};
  };
  const drawn = (layout: Layout) => curves(summary, seriesOf, options.series, layout);
  const curve = drawn("wide");
  if (curve)
    await add(
      "curves",
      `Curves of ${curve.column}`,
      "The best configuration of each kind, mean over seeds; bands from the smallest to the largest.",
      (layout) => drawn(layout)!.spec,
    );
  return { summary, figures };
}

/** Writes `report.html` into the folder: one page that opens offline. @returns its path. */
export async function writeSweepReport(folder: RunFolder, options: ReportOptions = {}): Promise<string> {
  const status = statusOf(folder);
  const { summary, figures } = await drawSweep(folder, options);
  const axes = Object.entries(folder.manifest.axes).map(
    ([key, values]) => `${key} = ${Array.isArray(values) ? values.map(shown).join(", ") : shown(values)}`,
  );
  const flags = [
    ...(options.metric ? ["--metric", options.metric] : []),
    ...(options.mode === "max" ? ["--max"] : []),
    ...(options.series ? ["--series", options.series] : []),
  ];
  const command = ["layerwise report", ...[folder.path, ...flags].map(quoted)].join(" ");
  const page = pageHtml({
    title: `Sweep of ${folder.manifest.title}`,
    lead: [
      `${status.ok} trials ok, ${status.failed} failed${status.missing ? `, ${status.missing} not run yet` : ""}.`,
      ...(summary ? [] : ["No trial has a number among its metrics yet."]),
    ],
    command,
    claims: [],
    figures: figures.map(
      (figure): PageFigure => ({
        ...figure,
        commands: [command],
        configuration: axes,
      }),
    ),
    tables: summary ? [bestTable(summary, undefined, 20)] : [],
    environment: [
      ["experiment", folder.manifest.experiment],
      ["version", folder.manifest.version],
      ["search", JSON.stringify(folder.manifest.search)],
      ...axes.map((text): [string, string] => ["axis", text.slice(0, 500)]),
      ...status.failures.map(({ id, error }): [string, string] => [`failed ${id.slice(0, 8)}`, error.slice(0, 300)]),
    ],
  });
  const path = join(folder.path, "report.html");
  try {
    writeFileSync(path, page);
  } catch (error) {
    throw new StoreError(`cannot write ${path}: ${reason(error)}`, { cause: error });
  }
  return path;
}
