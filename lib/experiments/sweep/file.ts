import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { parse as parseToml } from "smol-toml";
import { parseDocument } from "yaml";
import { nearestName } from "../../names.js";
import { ConfigError, show } from "../config.js";
import { reason } from "./errors.js";

/** What a sweep file says, before the axes are read: that needs the experiment. */
export interface SweepFile {
  readonly experiment: string;
  readonly axes: object;
  readonly search: object | undefined;
}

export const sweepFileExtensions = [".yaml", ".yml", ".json", ".toml"];

/** The keys of a file; those of a run folder's config.json that are no part of the question are passed over. */
const KEYS = ["experiment", "axes", "search"];
const PASSED = ["kind", "format", "title", "version", "trials", "module", "source", "keys", "$schema"];

/** More than any sweep needs; a larger file is something else. */
const MAX_BYTES = 8 << 20;
const MAX_DEPTH = 32;

/** YAML without what it only warns of, such as unknown tags; a few aliases of aliases would otherwise stand for billions of values. */
function parseYaml(text: string): unknown {
  const document = parseDocument(text, { logLevel: "error" });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw problem;
  return document.toJS({ maxAliasCount: 100 });
}

/** The text of a regular file: a device or a pipe might never end. */
function readText(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error("is not a file");
    if (stat.size > MAX_BYTES) throw new Error(`is larger than ${MAX_BYTES >> 20} MiB`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/** What a value has in it that no sweep has: neither text, number, true, false or null nor lists and maps of them. */
function oddity(value: unknown, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? "an integer beyond ±(2⁵³ − 1)" : undefined;
  // Also where an alias of YAML leads back to what contains it.
  if (depth > MAX_DEPTH) return `lists or maps more than ${MAX_DEPTH} deep`;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return value instanceof Date ? "a date (write it in quotes)" : "something other than text, numbers, lists and maps";
  for (const inner of Object.values(value)) {
    const found = oddity(inner, depth + 1);
    if (found) return found;
  }
  return undefined;
}

/**
 * Reads a sweep from YAML, JSON or TOML: `experiment` (an id, or a file beside this one), `axes` (key: value, list, or text
 * as on the command line) and `search` (`kind` and its settings).
 * @throws ConfigError naming the file and the key.
 */
export function readSweepFile(path: string): SweepFile {
  const bad = (key: string, got: unknown, allowed: string, nearest?: string) =>
    new ConfigError({
      message: `${path}: ${key ? `${key} must be ${allowed}, got ${show(got)}` : allowed}${nearest ? ` — did you mean ${nearest}?` : ""}`,
      key,
      got,
      allowed,
      nearest,
    });
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw bad("", path, `cannot be read: ${reason(error)}`);
  }
  let value: unknown;
  try {
    const extension = extname(path);
    value = extension === ".json" ? JSON.parse(text) : extension === ".toml" ? parseToml(text) : parseYaml(text);
  } catch (error) {
    throw bad("", path, (error as Error).message.split("\n")[0]!);
  }
  const odd = oddity(value);
  if (odd) throw bad("", path, `holds ${odd}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("", value, "must hold keys: experiment, axes, search");
  const file = value as Record<string, unknown>;
  for (const key of Object.keys(file)) {
    if (!KEYS.includes(key) && !PASSED.includes(key))
      throw new ConfigError({
        message: `${path}: unknown key ${show(key)}; keys are ${KEYS.join(", ")}${hint(key)}`,
        key,
        got: file[key],
        allowed: KEYS.join(", "),
        nearest: nearestName(key, KEYS),
      });
  }
  const { experiment, axes = {}, search } = file;
  if (typeof experiment !== "string") throw bad("experiment", experiment, "an experiment's id or a file");
  if (typeof axes !== "object" || axes === null || Array.isArray(axes)) throw bad("axes", axes, "key: values");
  if (search !== undefined && (typeof search !== "object" || search === null || Array.isArray(search)))
    throw bad("search", search, "kind: grid, random or asha, with its settings");
  return { experiment, axes, search: search ?? undefined };
}

const hint = (key: string) => {
  const nearest = nearestName(key, KEYS);
  return nearest ? ` — did you mean ${nearest}?` : "";
};
