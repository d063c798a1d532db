import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { journalsIn, lines } from "../../lib/experiments/sweep/journal.js";
import { parseRow } from "../../lib/experiments/sweep/row.js";
import type { BuiltPackage } from "../built.js";

/** A running command. */
export interface Started {
  readonly child: ChildProcess;
  /** Its exit code, null when it was killed. */
  readonly code: Promise<number | null>;
  /** What it has written to stderr, once that matches. */
  says(pattern: RegExp): Promise<string>;
  /** Waits for a condition, at most a minute. */
  until(condition: () => boolean): Promise<void>;
}

/** Starts `layerwise` with arguments as its users do; the processes are added to `children`. */
export function starter(built: () => BuiltPackage, children: ChildProcess[]): (...args: string[]) => Started {
  return (...args) => {
    const child = spawn(process.execPath, [built().main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    children.push(child);
    let text = "";
    child.stderr!.on("data", (data) => {
      text += data;
    });
    const until = async (condition: () => boolean) => {
      for (let waited = 0; waited < 600; waited++) {
        if (condition()) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`${args.join(" ")}: waited in vain; it says ${text}`);
    };
    return {
      child,
      code: new Promise((resolve) => child.on("close", resolve)),
      says: async (pattern) => {
        await until(() => pattern.test(text));
        return text;
      },
      until,
    };
  };
}

/** How many ok rows every trial of a run folder has; failed rows are an error. */
export function okRows(folder: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const file of journalsIn(folder)) {
    for (const { bytes } of lines(join(folder, file))) {
      const { id, status } = parseRow(bytes.toString("utf8"))!;
      if (status !== "ok") throw new Error(`${id} failed`);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}
