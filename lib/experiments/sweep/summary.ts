import { nearestName } from "../../names.js";
import { ConfigError } from "../config.js";
import type { StoredMetric } from "../trial.js";
import type { Row } from "./row.js";
import type { Entry, RunFolder } from "./store.js";

type Ok = Extract<Row, { status: "ok" }>;

/** Trials that differ in nothing but their seed. */
export interface Group {
  /** The values of the keys that vary, `seed` left out. */
  readonly values: { readonly [key: string]: unknown };
  /** Of the metric, over the seeds that have one, ascending. */
  readonly scores: readonly number[];
  /** How many of its trials have no value of the metric. */
  readonly without: number;
  /** Trial ids, for their series. */
  readonly ids: readonly string[];
}

export interface Summary {
  readonly metric: string;
  readonly mode: "min" | "max";
  /** Keys that vary (without `seed`), with their values in ascending order. */
  readonly varying: ReadonlyMap<string, readonly unknown[]>;
  readonly groups: readonly Group[];
}

/** The numeric metrics of a row by dotted names. */
export function numericMetrics(metrics: { readonly [name: string]: StoredMetric }, prefix = ""): [string, number][] {
  return Object.entries(metrics).flatMap(([name, value]): [string, number][] =>
    typeof value === "number"
      ? [[prefix + name, value]]
      : value !== null && typeof value === "object" && !Array.isArray(value)
        ? numericMetrics(value, `${prefix}${name}.`)
        : [],
  );
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The groups from the best to the worst; those with trials that have no value are behind all others. */
export function ranked({ groups, mode }: Summary): Group[] {
  const rank = ({ scores, without }: Group) =>
    scores.length === 0 || without ? Number.POSITIVE_INFINITY : mode === "min" ? mean(scores) : -mean(scores);
  const keyed = groups.map((group) => ({ group, rank: rank(group) }));
  return keyed.sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank)).map(({ group }) => group);
}

const order = (a: unknown, b: unknown) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;

/**
 * What a folder's trials say about a metric (by default the first that is a number).
 * @throws ConfigError for a metric that no trial has.
 */
export function summarize(
  folder: RunFolder,
  options: { metric?: string; mode?: "min" | "max" } = {},
  entries: ReadonlyMap<string, Entry> = folder.entries(),
): Summary | null {
  const names = new Set<string>();
  const values = new Map<string, Map<string, unknown>>(folder.manifest.keys.map((key) => [key, new Map()]));
  const trials: { id: string; config: Row["config"]; scores: ReadonlyMap<string, number> }[] = [];
  for (const row of folder.rows(entries)) {
    const scores = new Map(row.status === "ok" ? numericMetrics((row as Ok).metrics) : []);
    for (const name of scores.keys()) names.add(name);
    for (const [key, seen] of values) seen.set(JSON.stringify(row.config[key]), row.config[key]);
    trials.push({ id: row.id, config: row.config, scores });
  }
  if (names.size === 0) return null;
  const metric = options.metric ?? [...names][0]!;
  if (!names.has(metric)) {
    const allowed = `one of ${[...names].join(", ")}`;
    const nearest = nearestName(metric, [...names]);
    throw new ConfigError({
      message: `unknown metric ${JSON.stringify(metric)}: must be ${allowed}${nearest ? ` — did you mean ${nearest}?` : ""}`,
      key: "metric",
      got: metric,
      allowed,
      nearest,
    });
  }
  const varying = new Map(
    [...values].filter(([key, seen]) => key !== "seed" && seen.size > 1).map(([key, seen]) => [key, [...seen.values()].sort(order)]),
  );
  const groups = new Map<string, { values: Record<string, unknown>; scores: number[]; without: number; ids: string[] }>();
  for (const { id, config, scores } of trials) {
    const own = Object.fromEntries([...varying.keys()].map((key) => [key, config[key]]));
    const name = JSON.stringify(own);
    if (!groups.has(name)) groups.set(name, { values: own, scores: [], without: 0, ids: [] });
    const group = groups.get(name)!;
    const score = scores.get(metric);
    group.ids.push(id);
    if (score === undefined) group.without++;
    else group.scores.push(score);
  }
  for (const { scores } of groups.values()) scores.sort((a, b) => a - b);
  return { metric, mode: options.mode ?? "min", varying, groups: [...groups.values()] };
}
