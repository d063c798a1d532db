import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ConfigError, show } from "../config.js";
import { makeFolder } from "../folder.js";
import { reason, StoreError } from "./errors.js";
import { dropTornTail, journalsIn, lines, readRow } from "./journal.js";
import { lock } from "./lock.js";
import { type Place, parseRow, type Row } from "./row.js";

/** `config.json` of a run folder: what the sweep is. It is also a sweep file. */
export interface Manifest {
  readonly kind: "layerwise-sweep";
  readonly format: 1;
  readonly experiment: string;
  readonly title: string;
  readonly axes: Readonly<Record<string, unknown>>;
  readonly search: Readonly<Record<string, unknown>> & { readonly kind: "grid" | "random" | "asha" };
  /** Version of the code: part of every trial's identity. */
  readonly version: string;
  /** Number of trials; null when it depends on results. */
  readonly trials: number | null;
  /** The folder's copy of the user's experiment, and where it came from. */
  readonly module: string | null;
  readonly source: string | null;
  /** The keys of the experiment, in its order. */
  readonly keys: readonly string[];
}

const manifestSchema = z.object({
  kind: z.literal("layerwise-sweep"),
  format: z.literal(1),
  experiment: z.string(),
  title: z.string(),
  axes: z.record(z.string(), z.unknown()),
  search: z.looseObject({ kind: z.enum(["grid", "random", "asha"]) }),
  version: z.string(),
  trials: z.number().nullable(),
  module: z.literal("experiment.mjs").nullable(),
  source: z.string().nullable(),
  keys: z.array(z.string()),
});

const outError = (path: string, why: string) =>
  new ConfigError({ message: `--out ${show(path)}: ${why}`, key: "out", got: path, allowed: "a new or empty folder" });

function isRun(path: string): boolean {
  try {
    return RunFolder.open(path) !== undefined;
  } catch {
    return false;
  }
}

/** What is known of a folder's trials. */
export interface Entry {
  readonly status: "ok" | "failed";
  readonly index: number;
  /** Of its ok row, else of its last failed one. */
  readonly place: Place;
}

/**
 * The folder of a sweep: `config.json`, `env.json`, journals `trials-*.jsonl` (one per process that has worked on it, only
 * ever appended to), `lock` while somebody works on it, and `results.csv` once it is complete.
 */
export class RunFolder {
  private constructor(
    readonly path: string,
    readonly manifest: Manifest,
  ) {}

  /** Makes a run folder. It must be new or empty. @throws ConfigError */
  static create(path: string, manifest: Manifest, environment: object, module?: string): RunFolder {
    if (path === "") throw outError(path, "is no folder's name");
    if (path.includes("\0")) throw outError(path, "a path cannot contain a zero byte");
    const folder = resolve(path);
    if (existsSync(folder)) {
      let names: string[];
      try {
        names = readdirSync(folder);
      } catch (error) {
        throw outError(path, `cannot be read as a folder: ${reason(error)}`);
      }
      if (names.includes("config.json") && isRun(folder))
        throw outError(path, `holds a sweep already; go on with \`layerwise resume ${path}\` or choose another folder`);
      if (names.length) throw outError(path, "holds other files; choose a new or empty folder");
    }
    try {
      makeFolder(folder);
      // Whoever comes second fails here.
      writeFileSync(join(folder, "config.json"), `${JSON.stringify(manifest, null, 2)}\n`, { flag: "wx" });
      writeFileSync(join(folder, "env.json"), `${JSON.stringify(environment, null, 2)}\n`, { flag: "wx" });
      if (module !== undefined) writeFileSync(join(folder, "experiment.mjs"), module, { flag: "wx" });
    } catch (error) {
      throw outError(path, `cannot be written: ${reason(error)}`);
    }
    return new RunFolder(folder, manifest);
  }

  /** @throws ConfigError when there is no sweep in it. */
  static open(path: string): RunFolder {
    const bad = (why: string) =>
      new ConfigError({ message: `${show(path)}: ${why}`, key: "dir", got: path, allowed: "the folder of a sweep" });
    if (path.includes("\0")) throw bad("a path cannot contain a zero byte");
    const folder = resolve(path);
    let text: string;
    try {
      text = readFileSync(join(folder, "config.json"), "utf8");
    } catch (error) {
      throw bad(`is not the folder of a sweep: config.json: ${reason(error)}`);
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw bad("is not the folder of a sweep: config.json is not JSON");
    }
    const parsed = manifestSchema.safeParse(json);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw bad(`is not the folder of a sweep: config.json: ${issue.path.join(".")}: ${issue.message}`);
    }
    return new RunFolder(folder, parsed.data as Manifest);
  }

  /** Takes the folder for this process and cuts off what a crash has left. @returns a function that gives it back. */
  lock(): () => void {
    let release: () => void;
    try {
      release = lock(this.path);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError(`cannot write into ${this.path}: ${reason(error)}`, { cause: error });
    }
    try {
      for (const name of journalsIn(this.path)) dropTornTail(join(this.path, name));
    } catch (error) {
      release();
      throw new StoreError(`cannot write into ${this.path}: ${reason(error)}`, { cause: error });
    }
    return release;
  }

  /** Calls back with every row's outcome and place. Lines that are no whole row are skipped. */
  scan(each: (id: string, entry: Entry) => void): void {
    for (const file of journalsIn(this.path)) {
      for (const { bytes, offset } of lines(join(this.path, file))) {
        const row = parseRow(bytes.toString("utf8"));
        if (row) each(row.id, { status: row.status, index: row.index, place: { file, offset, length: bytes.length } });
      }
    }
  }

  /** The trials that have a row. An ok row counts, whatever else there is. */
  entries(): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    this.scan((id, entry) => {
      if (entries.get(id)?.status !== "ok") entries.set(id, entry);
    });
    return entries;
  }

  /** The rows that count, one per trial, in the sweep's order; one at a time in memory. */
  *rows(entries: ReadonlyMap<string, Entry> = this.entries()): Generator<Row> {
    const sorted = [...entries.values()].sort((a, b) => a.index - b.index);
    for (const { place } of sorted) yield this.row(place);
  }

  row(place: Place): Row {
    return readRow(this.path, place);
  }
}
