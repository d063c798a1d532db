import { ConfigError, describeKeys, type KeyInfo, parseValue, show, unknownKey } from "../config.js";
import type { AnyExperiment } from "../define.js";

/** The values of one key: a list that is gone through, or an interval that a random search draws from. */
export type Axis =
  | { readonly kind: "values"; readonly values: readonly unknown[] }
  | { readonly kind: "log" | "lin"; readonly low: number; readonly high: number };

export type Axes = ReadonlyMap<string, Axis>;

const MAX_VALUES = 1_000_000;
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function bad(experiment: AnyExperiment, key: string, got: unknown, allowed: string): ConfigError {
  return new ConfigError({ message: `${experiment.id}: ${key} must be ${allowed}, got ${show(got)}`, key, got, allowed });
}

/** Splits at commas that are in no bracket and no quotes. */
function splitValues(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "[" || c === "{") depth++;
    else if (c === "]" || c === "}") depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Twelve significant digits: 0.01 rather than 0.010000000000000002, and the same on every machine. */
const rounded = (x: number) => Number(x.toPrecision(12));

/** `count` values from `low` to `high`, both included, evenly spaced or evenly spaced in the logarithm. */
export function spaced(kind: "log" | "lin", low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return low;
    if (i === count - 1) return high;
    const t = i / (count - 1);
    return rounded(kind === "log" ? Math.exp((1 - t) * Math.log(low) + t * Math.log(high)) : (1 - t) * low + t * high);
  });
}

/** One item of a list: a plain value, `a:b`, `a:b:step`, `log:a:b:n` or `lin:a:b:n` (the last two without n: an interval). */
function parseItem(experiment: AnyExperiment, info: KeyInfo, text: string): Axis {
  const item = text.trim();
  const numeric = info.type === "number" || info.type === "integer";
  if (!numeric || !item.includes(":")) {
    if (info.type === "string" && /^".*"$/.test(item)) {
      try {
        return { kind: "values", values: [String(JSON.parse(item))] };
      } catch {
        throw bad(experiment, info.key, item, "a string in valid double quotes");
      }
    }
    const plain = info.type === "list" ? item.replace(/^\[(.*)\]$/, "$1") : info.type === "string" ? text : item;
    return { kind: "values", values: [parseValue(info, plain)] };
  }
  const [head, ...rest] = item.split(":");
  const scale = head === "log" || head === "lin" ? head : undefined;
  const parts = scale ? rest : [head!, ...rest];
  const allowed = scale
    ? `${scale}:low:high:count`
    : "from:to or from:to:step (to excluded), log:low:high:count, lin:low:high:count, or a list";
  if (parts.length < 2 || parts.length > 3 || !parts.every((part) => NUMBER.test(part))) throw bad(experiment, info.key, item, allowed);
  const [low, high, third] = parts.map(Number) as [number, number, number | undefined];
  if (scale) {
    if (!(low < high) || (scale === "log" && low <= 0)) {
      throw bad(experiment, info.key, item, `${allowed} with ${scale === "log" ? "0 < " : ""}low < high`);
    }
    if (third === undefined) return { kind: scale, low, high };
    if (!Number.isInteger(third) || third < 2 || third > MAX_VALUES) {
      throw bad(experiment, info.key, item, `${allowed} with an integer count in [2, ${MAX_VALUES}]`);
    }
    const values = spaced(scale, low, high, third);
    return { kind: "values", values: info.type === "integer" ? values.map(Math.round) : values };
  }
  const step = third ?? 1;
  if (![low, high, step].every(Number.isSafeInteger) || step < 1 || high <= low) {
    throw bad(experiment, info.key, item, `${allowed}; from:to counts integers upwards`);
  }
  if ((high - low) / step > MAX_VALUES) throw bad(experiment, info.key, item, `at most ${MAX_VALUES} values`);
  return { kind: "values", values: Array.from({ length: Math.ceil((high - low) / step) }, (_, i) => low + i * step) };
}

/** The values that a text stands for, as after `key=` on the command line. @throws ConfigError */
export function parseAxis(experiment: AnyExperiment, info: KeyInfo, text: string): Axis {
  // A single list needs no brackets: layers=3,4 is one value, layers=[3,4],[5] are two.
  const whole = info.type === "list" && !text.trim().startsWith("[");
  const items = (whole ? [text] : splitValues(text)).map((part) => parseItem(experiment, info, part));
  if (items.length === 1) return items[0]!;
  const values = items.flatMap((item) => {
    if (item.kind === "values") return item.values;
    throw bad(experiment, info.key, text, `${item.kind}:low:high:count within a list`);
  });
  return { kind: "values", values: [...new Map(values.map((value) => [JSON.stringify(value), value])).values()] };
}

function infosOf(experiment: AnyExperiment): Map<string, KeyInfo> {
  return new Map(describeKeys(experiment).map((info) => [info.key, info]));
}

/** Reads `key=values` assignments. @throws ConfigError naming the key, and the nearest one for an unknown key. */
export function parseAxes(experiment: AnyExperiment, assignments: readonly string[]): Map<string, Axis> {
  const infos = infosOf(experiment);
  const axes = new Map<string, Axis>();
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    if (at < 1) {
      const allowed = "key=values";
      throw new ConfigError({
        message: `${experiment.id}: expected ${allowed}, got ${show(assignment)}; keys are ${[...infos.keys()].join(", ")}`,
        key: assignment,
        got: assignment,
        allowed,
      });
    }
    const key = assignment.slice(0, at);
    const info = infos.get(key);
    if (!info) throw unknownKey(experiment, key, assignment.slice(at + 1), [...infos.keys()]);
    if (axes.has(key)) throw bad(experiment, key, assignment, "given once (list its values with commas)");
    axes.set(key, parseAxis(experiment, info, assignment.slice(at + 1)));
  }
  return axes;
}

/** The axis that a value of a file stands for: a string as on the command line, a list as it is, anything else as one value. */
function axisFromValue(experiment: AnyExperiment, info: KeyInfo, value: unknown): Axis {
  if (typeof value === "string") return parseAxis(experiment, info, value);
  if (Array.isArray(value) && !(info.type === "list" && !value.some(Array.isArray))) {
    if (value.length === 0) throw bad(experiment, info.key, value, "at least one value");
    return { kind: "values", values: value };
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    throw bad(experiment, info.key, value, "a value, a list, or text");
  return { kind: "values", values: [value] };
}

/** Reads the axes of a sweep file or of a program. @throws ConfigError */
export function axesFromObject(experiment: AnyExperiment, object: object): Map<string, Axis> {
  const infos = infosOf(experiment);
  const axes = new Map<string, Axis>();
  for (const [key, value] of Object.entries(object)) {
    const info = infos.get(key);
    if (!info) throw unknownKey(experiment, key, value, [...infos.keys()]);
    if (value !== undefined) axes.set(key, axisFromValue(experiment, info, value));
  }
  return axes;
}

/** The inverse of {@link axesFromObject}. */
export function axesToObject(axes: Axes): Record<string, unknown> {
  // A value that is itself a list stays apart from a list of values.
  return Object.fromEntries(
    [...axes].map(([key, axis]) => [key, axis.kind === "values" ? axis.values : `${axis.kind}:${axis.low}:${axis.high}`]),
  );
}
