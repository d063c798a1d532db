import type { TrialRecord } from "../executor.js";

/** A line of a journal: the record, where its trial stands in the sweep's order, and which attempt it was (from 0). */
export type Row = TrialRecord & { readonly index: number; readonly attempt: number };

/** Where a row is in a folder's files. */
export interface Place {
  readonly file: string;
  readonly offset: number;
  /** Bytes, without the newline. */
  readonly length: number;
}

/** Identity and status come first, where somebody who looks into the file sees them. */
export function encodeRow(row: Row): string {
  const { id, status, index, attempt, ...rest } = row;
  return `${JSON.stringify({ id, status, index, attempt, ...rest })}\n`;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The row in a line; undefined for a line that is none, such as the zeros that a power cut can leave, or a row of which
 * something is missing: its trial then counts as not run.
 */
export function parseRow(line: string): Row | undefined {
  let row: Partial<Record<keyof Row | "metrics" | "series" | "timing" | "error", unknown>>;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { id, index, attempt, experiment, config, status, metrics, series, timing, error } = row ?? {};
  if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id) || typeof experiment !== "string" || !isObject(config)) return undefined;
  if (![index, attempt].every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) return undefined;
  const result = isObject(metrics) && isObject(timing) && isObject(series) && Object.values(series).every(Array.isArray);
  return (status === "ok" && result) || (status === "failed" && typeof error === "string") ? (row as Row) : undefined;
}
