import type { StoredMetric } from "../trial.js";
import type { Row } from "./row.js";
import type { Entry, RunFolder } from "./store.js";

/** One entry of a table. */
export type Cell = number | boolean | string | null;

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly kind: "number" | "boolean" | "string";
}

/** Rows and columns of a sweep, one row at a time. */
export interface Table {
  readonly columns: readonly Column[];
  rows(): Generator<{ readonly [column: string]: Cell }>;
}

/** Nested values as dotted names. */
function flatten(value: { readonly [name: string]: unknown }, prefix = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? flatten(inner as { readonly [name: string]: unknown }, `${prefix}${name}.`)
      : [[prefix + name, inner]],
  );
}

const cell = (value: unknown): Cell =>
  value === undefined || value === null
    ? null
    : typeof value === "number" || typeof value === "boolean" || typeof value === "string"
      ? value
      : JSON.stringify(value);

const metricsOf = (row: Row): { readonly [name: string]: StoredMetric } => (row.status === "ok" ? row.metrics : {});

/** What is true of every column: numbers as long as all are, else text. */
class Kinds {
  private readonly kinds = new Map<string, Column["kind"] | undefined>();

  see(name: string, value: unknown): void {
    const known = this.kinds.get(name);
    const plain = cell(value);
    const kind = plain === null ? undefined : (typeof plain as Column["kind"]);
    this.kinds.set(name, kind === undefined || known === undefined ? (known ?? kind) : known === kind ? kind : "string");
  }

  get columns(): Column[] {
    return [...this.kinds].map(([name, kind]) => ({ name, kind: kind ?? "number" }));
  }
}

const asKind = (value: unknown, kind: Column["kind"]): Cell => {
  const plain = cell(value);
  return plain === null || typeof plain === kind ? plain : String(plain);
};

/** Options of {@link trialTable}. */
export interface TableOptions {
  /** Also what the trials took, which differs from run to run. */
  readonly timing?: boolean;
}

/**
 * One row per trial in the sweep's order: id, status, configuration, metrics. Nothing in it depends on how the sweep was run,
 * unless `timing` is asked for. A metric with the name of a key is called `metrics.name`.
 */
export function trialTable(folder: RunFolder, options: TableOptions = {}, entries: ReadonlyMap<string, Entry> = folder.entries()): Table {
  const keys = folder.manifest.keys;
  const reserved = new Set(["id", "status", ...keys]);
  const named = (name: string) => (reserved.has(name) ? `metrics.${name}` : name);
  const configKinds = new Kinds();
  for (const key of keys) configKinds.see(key, null);
  const metricKinds = new Kinds();
  for (const row of folder.rows(entries)) {
    for (const key of keys) configKinds.see(key, (row.config as Record<string, unknown>)[key]);
    for (const [name, value] of flatten(metricsOf(row))) metricKinds.see(named(name), value);
  }
  const configColumns = configKinds.columns;
  const metricColumns = metricKinds.columns;
  const timing: Column[] = options.timing
    ? ["seconds", "cpuSeconds"].map((name) => ({ name: `timing.${name}`, kind: "number" as const }))
    : [];
  const columns: Column[] = [
    { name: "id", kind: "string" },
    { name: "status", kind: "string" },
    ...configColumns,
    ...metricColumns,
    ...timing,
  ];
  return {
    columns,
    *rows() {
      for (const row of folder.rows(entries)) {
        // No prototype: a metric may have any name.
        const out: { [column: string]: Cell } = Object.create(null);
        out.id = row.id;
        out.status = row.status;
        for (const { name, kind } of configColumns) out[name] = asKind((row.config as Record<string, unknown>)[name], kind);
        const metrics = new Map(flatten(metricsOf(row)).map(([name, value]) => [named(name), value]));
        for (const { name, kind } of metricColumns) out[name] = asKind(metrics.get(name), kind);
        if (timing.length) {
          out["timing.seconds"] = row.status === "ok" ? row.timing.seconds : null;
          out["timing.cpuSeconds"] = row.status === "ok" ? row.timing.cpuSeconds : null;
        }
        yield out;
      }
    },
  };
}

/** One row per recorded row of every ok trial: id, then the series' columns. */
export function seriesTable(folder: RunFolder, entries: ReadonlyMap<string, Entry> = folder.entries()): Table {
  const names = new Set<string>();
  for (const row of folder.rows(entries)) if (row.status === "ok") for (const name of Object.keys(row.series)) names.add(name);
  names.delete("id");
  return {
    columns: [{ name: "id", kind: "string" }, ...[...names].map((name) => ({ name, kind: "number" as const }))],
    *rows() {
      for (const row of folder.rows(entries)) {
        if (row.status !== "ok") continue;
        const length = Object.values(row.series)[0]?.length ?? 0;
        for (let i = 0; i < length; i++) {
          const out: { [column: string]: Cell } = Object.create(null);
          out.id = row.id;
          for (const name of names) out[name] = row.series[name]?.[i] ?? null;
          yield out;
        }
      }
    },
  };
}
