import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** One level after the other: Node's own recursive mkdir never returns where the kernel refuses with ENOENT, as in /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
