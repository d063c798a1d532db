import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lockHolder } from "./lock.js";
import type { Row } from "./row.js";
import type { Entry, RunFolder } from "./store.js";

export interface Status {
  readonly dir: string;
  readonly experiment: string;
  /** null when it depends on results. */
  readonly trials: number | null;
  readonly ok: number;
  readonly failed: number;
  readonly missing: number | null;
  /** The process that is at work on it, if there is one. */
  readonly running: { readonly pid: number; readonly host: string; readonly since: string } | null;
  readonly created: string | null;
  readonly version: string;
  /** Of the last failed trials, the newest first. */
  readonly failures: readonly { readonly id: string; readonly config: Row["config"]; readonly error: string }[];
}

/** How a folder's sweep stands; reads only. */
export function statusOf(folder: RunFolder, entries: ReadonlyMap<string, Entry> = folder.entries()): Status {
  const { manifest, path } = folder;
  const failed = [...entries.values()].filter(({ status }) => status === "failed");
  const ok = entries.size - failed.length;
  const holder = lockHolder(path);
  const rows = failed
    .slice(-5)
    .reverse()
    .map(({ place }) => folder.row(place));
  return {
    dir: path,
    experiment: manifest.experiment,
    trials: manifest.trials,
    ok,
    failed: failed.length,
    missing: manifest.trials === null ? null : manifest.trials - entries.size,
    running: holder ? { pid: holder.pid, host: holder.host, since: holder.since } : null,
    created: createdOf(path),
    version: manifest.version,
    failures: rows.map(({ id, config, ...row }) => ({ id, config, error: row.status === "failed" ? row.error.split("\n")[0]! : "" })),
  };
}

function createdOf(path: string): string | null {
  try {
    const { created } = JSON.parse(readFileSync(join(path, "env.json"), "utf8")) as { created?: unknown };
    return typeof created === "string" ? created : null;
  } catch {
    return null;
  }
}
