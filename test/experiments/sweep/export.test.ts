import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  defineExperiment,
  RunFolder,
  type StoredMetrics,
  seriesTable,
  sweep,
  trialTable,
  writeTable,
} from "../../../lib/experiments/index.js";
import { decodeNpz } from "../../../lib/io/index.js";

const root = mkdtempSync(join(tmpdir(), "layerwise-export-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Metrics of every kind, with names and text that formats stumble on. */
const odd = defineExperiment({
  id: "odd",
  title: "Odd metrics",
  summary: "Metrics of every kind.",
  schema: z.strictObject({
    text: z.string().default("x").describe("text"),
    seed: z.int().min(0).default(0).describe("seed"),
  }),
  trial: ({ seed, text }, { record }) => {
    if (seed === 3) throw new Error("no");
    for (let t = 0; t <= seed; t++) record({ t, value: t / 3 });
    return {
      "a,b": 1 / (seed + 3),
      seed: seed + 0.5,
      flag: seed > 0,
      mixed: seed ? seed : text,
      none: Number.NaN,
      list: [1, null],
      in: { depth: 1e-320 },
    };
  },
});
const texts = ['a,"b"\n', "ü", "", "null"];
let folder: RunFolder;
beforeAll(async () => {
  ({ folder } = await sweep(odd, { text: texts, seed: [0, 1, 3] }, { out: join(root, "run") }));
});

const expected = () =>
  [...folder.rows()].map((row) => {
    const metrics: StoredMetrics | undefined = row.status === "ok" ? row.metrics : undefined;
    return {
      id: row.id,
      seed: row.config.seed,
      text: row.config.text,
      third: metrics ? metrics["a,b"] : null,
      depth: metrics ? 1e-320 : null,
    };
  });

describe("export", () => {
  it("writes Parquet that hyparquet and DuckDB read back exactly", async () => {
    const path = join(root, "a.parquet");
    expect(await writeTable(path, "parquet", trialTable(folder), { "layerwise.version": "1" })).toBe(12);
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    const see = (row: Record<string, unknown>) => ({
      id: row.id,
      seed: Number(row.seed),
      text: row.text,
      third: row["a,b"] ?? null,
      depth: row["in.depth"] ?? null,
    });
    expect(read.map(see)).toEqual(expected());
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const result = await connection.runAndReadAll(`select * from '${path}'`);
    expect((result.getRowObjects() as Record<string, unknown>[]).map(see)).toEqual(expected());
    const counts = await connection.runAndReadAll(
      `select count(*)::int n, sum("metrics.seed") s, bool_or(flag) f, count(none)::int filled from '${path}' where status = 'ok'`,
    );
    expect(counts.getRowObjects()).toEqual([{ n: 8, s: 8, f: true, filled: 0 }]);
    connection.closeSync();
  });

  it("writes CSV by RFC 4180", async () => {
    const path = join(root, "a.csv");
    await writeTable(path, "csv", trialTable(folder, { timing: true }));
    const text = readFileSync(path, "utf8");
    expect(text.split("\n")[0]).toBe(
      'id,status,text,seed,"a,b",metrics.seed,flag,mixed,none,list,in.depth,timing.seconds,timing.cpuSeconds',
    );
    expect(text).toContain(',ok,"a,""b""\n",0,0.3333333333333333,0.5,false,"a,""b""\n",,"[1,null]",1e-320,');
    expect(text).toContain(',failed,"",3,,,,,,,,,\n');
  });

  it("writes npz with the numbers exactly and text as codes", async () => {
    const path = join(root, "a.npz");
    await writeTable(path, "npz", trialTable(folder));
    const arrays = decodeNpz(readFileSync(path));
    expect([...arrays.get("a,b")!.data]).toEqual(expected().map(({ third }) => (third === null ? Number.NaN : third)));
    const categories = JSON.parse(new TextDecoder().decode(arrays.get("text.categories")!.data as Uint8Array));
    expect([...arrays.get("text")!.data].map((code) => categories[code])).toEqual(expected().map(({ text }) => text));
  });

  it("writes series, a row per record", async () => {
    const path = join(root, "s.parquet");
    expect(await writeTable(path, "parquet", seriesTable(folder))).toBe(4 * (1 + 2));
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(read.slice(0, 3).map(({ t, value }) => [t, value])).toEqual([
      [0, 0],
      [0, 0],
      [1, 1 / 3],
    ]);
  });

  it("leaves nothing half-written", async () => {
    const path = join(root, "b.csv");
    const table = trialTable(folder);
    const broken = {
      ...table,
      *rows() {
        yield* [...table.rows()].slice(0, 2);
        throw new Error("gone");
      },
    };
    await expect(writeTable(path, "csv", broken)).rejects.toThrow("gone");
    await expect(writeTable("/proc/x/y.csv", "csv", table)).rejects.toThrow(/cannot write/);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(root).filter((name) => name.includes("partial"))).toEqual([]);
    expect(RunFolder.open(folder.path).entries().size).toBe(12);
  });
});
