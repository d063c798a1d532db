import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError, show } from "../experiments/config.js";
import { makeFolder } from "../experiments/folder.js";

/** Whether the user's input is at fault (exit code 2) rather than the run (exit code 1). */
export function isUsageError(error: unknown): boolean {
  return error instanceof ConfigError;
}

/** Prints one clear line for a mistake in the input or a failure of the system, the stack for a defect; returns the code. */
export function fail(error: unknown, code: number): number {
  const system = error instanceof Error && "syscall" in error;
  const known =
    isUsageError(error) ||
    system ||
    (error instanceof Error && error.name === "StoreError") ||
    (error instanceof Error && error.message.startsWith("layerwise:"));
  const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`layerwise: ${text.replace(/^layerwise: /, "")}\n`);
  return code;
}

/** An integer given as an option. @throws ConfigError */
export function integerOption(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    const allowed = `an integer in [${least}, ${most}]`;
    throw new ConfigError({ message: `--${name} must be ${allowed}, got ${show(text)}`, key: name, got: text, allowed });
  }
  return value;
}

/**
 * Makes the folder that results go to. One that holds other things is left alone: it must be new, empty, or contain
 * `marker`, a file that only an earlier run has written.
 * @throws ConfigError
 */
export function resultFolder(path: string, marker: string): string {
  const folder = resolve(path);
  const bad = (why: string) =>
    new ConfigError({ message: `--out ${show(path)}: ${why}`, key: "out", got: path, allowed: "a new, empty or earlier results folder" });
  if (path === "") throw bad("is no folder's name");
  if (existsSync(folder)) {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch (error) {
      throw bad(`cannot be read as a folder (${(error as NodeJS.ErrnoException).code})`);
    }
    if (names.length && !names.includes(marker)) throw bad(`holds files but no ${marker}; choose a new or empty folder`);
  }
  try {
    makeFolder(folder);
  } catch (error) {
    throw bad(`cannot be created (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    accessSync(folder, constants.W_OK); // before the work, not after it
  } catch (error) {
    throw bad(`cannot be written to (${(error as NodeJS.ErrnoException).code})`);
  }
  return folder;
}

/** Columns aligned with spaces; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, j) => Math.max(name.length, ...rows.map((row) => row[j]!.length)));
  const numeric = header.map((_, j) => rows.length > 0 && rows.every((row) => /^[-+]?[\d.]|^—$/.test(row[j]!)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, j) => (numeric[j] ? cell.padStart(widths[j]!) : cell.padEnd(widths[j]!)))
      .join("  ")
      .trimEnd();
  return [line(header), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}

/** Breaks text at blanks so that no line is longer than `width` (words longer than that stay whole). */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) lines.push(indent + line);
  return lines.join("\n");
}
