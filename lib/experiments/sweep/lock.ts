import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { StoreError } from "./errors.js";

interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, with the boot's id: an id that is used again is told apart. */
  readonly started: string;
  readonly host: string;
  readonly since: string;
}

/** When the process started; null when there is none. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name, may contain blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return null;
    return `${fields[19]}@${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}`;
  } catch {
    if (process.platform === "linux") return null;
    try {
      process.kill(pid, 0);
      return "unknown";
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM" ? "unknown" : null;
    }
  }
}

function read(path: string): { text: string; holder: Holder | undefined } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return { text, holder: JSON.parse(text) as Holder };
  } catch {
    return { text, holder: undefined };
  }
}

const alive = (holder: Holder) => holder.host !== hostname() || startOf(holder.pid) === holder.started;

/** Who is working on the folder, if anybody is. */
export function lockHolder(folder: string): Holder | undefined {
  const holder = read(join(folder, "lock"))?.holder;
  return holder && alive(holder) ? holder : undefined;
}

/**
 * Takes the folder for this process; a lock whose process is gone is taken over. It appears with its content (by a link), so
 * that nobody sees half of it.
 * @returns a function that gives the folder back.
 * @throws StoreError naming the process that has it.
 */
export function lock(folder: string): () => void {
  const path = join(folder, "lock");
  const mine: Holder = { pid: process.pid, started: startOf(process.pid) ?? "unknown", host: hostname(), since: new Date().toISOString() };
  const text = JSON.stringify(mine);
  const own = join(folder, `.lock-${process.pid}-${Math.random().toString(36).slice(2)}`);
  writeFileSync(own, text, { flag: "wx" });
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        linkSync(own, path);
        return () => {
          if (read(path)?.text === text) rmSync(path, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const found = read(path);
      if (!found) continue;
      const { holder } = found;
      if (holder && alive(holder)) {
        const where = holder.host === hostname() ? "" : ` on ${holder.host} (if that is gone, delete the file lock in the folder)`;
        throw new StoreError(
          `${folder} is in use by process ${holder.pid}${where}, since ${holder.since}: two sweeps cannot share a folder`,
        );
      }
      // Of several that take over, one moves the stale lock away; whoever moved away a fresh one puts it back.
      const aside = `${own}-stale`;
      try {
        renameSync(path, aside);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
        throw error;
      }
      if (read(aside)?.text !== found.text) linkSync(aside, path);
      rmSync(aside, { force: true });
    }
    throw new StoreError(`${folder}: the lock could not be taken; try again`);
  } finally {
    rmSync(own, { force: true });
  }
}
