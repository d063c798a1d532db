import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { encodeNpz } from "../../io/npy.js";
import type { Tensor } from "../../io/tensor.js";
import { reason, StoreError } from "./errors.js";
import type { Cell, Table } from "./table.js";

/** Formats that records are exported in. */
export const exportFormats = ["csv", "parquet", "npz"] as const;
/** One of {@link exportFormats}. */
export type ExportFormat = (typeof exportFormats)[number];

/** RFC 4180, lines ending in a newline; numbers in the shortest form that reads back exactly, null empty. */
export function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  return /[",\r\n]/.test(value) || value === "" ? `"${value.replaceAll('"', '""')}"` : value;
}

function writeCsv(path: string, table: Table): number {
  const fd = openSync(path, "w");
  let count = 0;
  try {
    let text = `${table.columns.map(({ name }) => csvCell(name)).join(",")}\n`;
    for (const row of table.rows()) {
      text += `${table.columns.map(({ name }) => csvCell(row[name]!)).join(",")}\n`;
      count++;
      if (text.length > 1 << 20) {
        writeSync(fd, text);
        text = "";
      }
    }
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return count;
}

const PARQUET = { number: "DOUBLE", boolean: "BOOLEAN", string: "STRING" } as const;

async function writeParquet(path: string, table: Table, metadata: Readonly<Record<string, string>>): Promise<number> {
  const { fileWriter, parquetWriteRows } = await import("hyparquet-writer");
  let count = 0;
  const counted = function* () {
    for (const row of table.rows()) {
      count++;
      yield row;
    }
  };
  await parquetWriteRows({
    writer: fileWriter(path),
    rows: counted(),
    columns: table.columns.map(({ name, kind }) => ({ name, type: PARQUET[kind], nullable: true })),
    rowGroupSize: 20_000,
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: "layerwise",
  });
  return count;
}

/**
 * Numbers and booleans as float64 (null: NaN). Text as codes into `<column>.categories`, a JSON list in UTF-8 bytes:
 * `json.loads(bytes(f["optimizer.categories"]))[int(f["optimizer"][i])]`.
 */
function writeNpz(path: string, table: Table): number {
  const values = table.columns.map((): number[] => []);
  const categories = table.columns.map(() => new Map<string, number>());
  let count = 0;
  for (const row of table.rows()) {
    table.columns.forEach(({ name, kind }, j) => {
      const value = row[name]!;
      if (value === null) values[j]!.push(Number.NaN);
      else if (kind !== "string") values[j]!.push(Number(value));
      else {
        const known = categories[j]!;
        if (!known.has(String(value))) known.set(String(value), known.size);
        values[j]!.push(known.get(String(value))!);
      }
    });
    count++;
  }
  const arrays: [string, Tensor][] = [];
  table.columns.forEach(({ name, kind }, j) => {
    arrays.push([name, { shape: [count], data: Float64Array.from(values[j]!) }]);
    if (kind !== "string") return;
    const data = new TextEncoder().encode(JSON.stringify([...categories[j]!.keys()]));
    arrays.push([`${name}.categories`, { shape: [data.length], data }]);
  });
  writeFileSync(path, encodeNpz(arrays, { compress: true }));
  return count;
}

/**
 * Writes a table. The file appears when it is complete. Equal tables give equal bytes.
 * @returns the number of rows.
 * @throws StoreError when it cannot be written.
 */
export async function writeTable(
  path: string,
  format: ExportFormat,
  table: Table,
  metadata: Readonly<Record<string, string>> = {},
): Promise<number> {
  const partial = `${path}.partial-${process.pid}`;
  try {
    const count =
      format === "csv"
        ? writeCsv(partial, table)
        : format === "npz"
          ? writeNpz(partial, table)
          : await writeParquet(partial, table, metadata);
    renameSync(partial, path);
    return count;
  } catch (error) {
    rmSync(partial, { force: true });
    if (!(error as NodeJS.ErrnoException).syscall) throw error;
    throw new StoreError(`cannot write ${path}: ${reason(error)}`, { cause: error });
  }
}
