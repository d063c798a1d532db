import { z } from "zod";
import { nearestName } from "../names.js";
import type { AnyExperiment } from "./define.js";

/** A configuration that has been checked; keys in the order of the schema. */
export type Config = Readonly<Record<string, unknown>>;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Bad input from outside. The message is one line that names the key, what it got, what is allowed and the nearest name. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly key: string;
  readonly got: unknown;
  readonly allowed: string;
  readonly nearest: string | undefined;

  constructor(details: { message: string; key: string; got?: unknown; allowed: string; nearest?: string }) {
    // What came from outside must not move a terminal's cursor.
    super(details.message.replace(CONTROL, " "));
    this.key = details.key;
    this.got = details.got;
    this.allowed = details.allowed;
    this.nearest = details.nearest;
  }
}

/** `EXPERIMENT: KEY must be ALLOWED, got GOT`, for what an experiment refuses itself. */
export function notAllowed(experiment: string, key: string, got: unknown, allowed: string): ConfigError {
  return new ConfigError({ message: `${experiment}: ${key} must be ${allowed}, got ${got}`, key, got, allowed });
}

/** One key of a configuration, as the help and error messages show it. */
export interface KeyInfo {
  readonly key: string;
  readonly type: "number" | "integer" | "boolean" | "string" | "list";
  /** Whether null is allowed as well. */
  readonly nullable: boolean;
  /** What is allowed, in words: `a number > 0`, `one of a, b`. */
  readonly allowed: string;
  /** The values of an enumeration. */
  readonly choices?: readonly string[];
  readonly default: unknown;
  readonly description: string;
}

interface JsonSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  default?: unknown;
  description?: string;
  properties?: Record<string, JsonSchema>;
}

/** Bounds beyond the safe integers say nothing to a reader. */
const said = (bound: number | undefined): bound is number => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;

function bounds(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (said(minimum) && said(maximum)) return ` in [${minimum}, ${maximum}]`;
  if (said(exclusiveMinimum) && said(maximum)) return ` in (${exclusiveMinimum}, ${maximum}]`;
  if (said(minimum) && said(exclusiveMaximum)) return ` in [${minimum}, ${exclusiveMaximum})`;
  if (said(exclusiveMinimum) && said(exclusiveMaximum)) return ` in (${exclusiveMinimum}, ${exclusiveMaximum})`;
  if (said(minimum)) return ` ≥ ${minimum}`;
  if (said(exclusiveMinimum)) return ` > ${exclusiveMinimum}`;
  if (said(maximum)) return ` ≤ ${maximum}`;
  if (said(exclusiveMaximum)) return ` < ${exclusiveMaximum}`;
  return "";
}

function choicesOf(schema: JsonSchema): string[] | undefined {
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  return values?.map(String);
}

function allowedOf(schema: JsonSchema): string {
  const choices = choicesOf(schema);
  if (choices) return choices.length === 1 ? choices[0]! : `one of ${choices.join(", ")}`;
  if (schema.anyOf) return schema.anyOf.map(allowedOf).join(" or ");
  if (schema.type === "integer") return `an integer${bounds(schema)}`;
  if (schema.type === "number") return `a number${bounds(schema)}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "array") return `a list (a,b,…), each ${allowedOf(schema.items ?? {})}`;
  return schema.type === "string" ? "a string" : (schema.type ?? "any value");
}

function typeOf(schema: JsonSchema): KeyInfo["type"] {
  if (schema.type === "array") return "list";
  const type = schema.type ?? schema.anyOf?.find((option) => option.type !== "null" && option.type)?.type;
  return type === "integer" || type === "number" || type === "boolean" ? type : "string";
}

const described = new WeakMap<object, readonly KeyInfo[]>();

/** The keys of an experiment with type, bounds, default and meaning, in the schema's order. */
export function describeKeys({ schema }: AnyExperiment): readonly KeyInfo[] {
  let keys = described.get(schema);
  if (!keys) {
    keys = keysOf(schema);
    described.set(schema, keys);
  }
  return keys;
}

function keysOf(from: z.ZodType): KeyInfo[] {
  const schema = z.toJSONSchema(from, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return Object.entries(schema.properties ?? {}).map(([key, property]) => ({
    key,
    type: typeOf(property),
    nullable: property.anyOf?.some((option) => option.type === "null") ?? false,
    allowed: allowedOf(property),
    choices: choicesOf(property),
    default: property.default,
    description: property.description ?? "",
  }));
}

/** A value as a message shows it: short, on one line, without control characters. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    // Circular, or nested deeper than the stack.
    text = Object.prototype.toString.call(value);
  }
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

const hint = (nearest: string | undefined) => (nearest === undefined ? "" : ` — did you mean ${nearest}?`);

/** The error for a name that is not in a list of names. */
export function unknownName(what: string, word: string, names: readonly string[]): ConfigError {
  const nearest = nearestName(word, names);
  const allowed = `one of ${names.join(", ")}`;
  return new ConfigError({
    message: `unknown ${what} ${show(word)}: must be ${allowed}${hint(nearest)}`,
    key: what,
    got: word,
    allowed,
    nearest,
  });
}

/** The error for a key that the experiment does not have. */
export function unknownKey(experiment: AnyExperiment, key: string, value: unknown, keys: readonly string[]): ConfigError {
  const nearest = nearestName(key, keys);
  const allowed = keys.join(", ");
  return new ConfigError({
    message: `${experiment.id}: unknown key ${show(key)} (got ${key.slice(0, 60)}=${show(value)}); keys are ${allowed}${hint(nearest)}`,
    key,
    got: value,
    allowed,
    nearest,
  });
}

function badValue(experiment: AnyExperiment, info: KeyInfo, value: unknown, reason?: string): ConfigError {
  const nearest = info.choices && typeof value === "string" ? nearestName(value, info.choices) : undefined;
  return new ConfigError({
    message: `${experiment.id}: ${info.key} must be ${info.allowed}, got ${show(value)}${reason ? ` (${reason})` : ""}${hint(nearest)}`,
    key: info.key,
    got: value,
    allowed: info.allowed,
    nearest,
  });
}

/**
 * Checks a configuration and fills in the defaults.
 * @throws ConfigError for an unknown key, a wrong type, a value out of range, or keys that contradict each other.
 */
export function parseConfig(experiment: AnyExperiment, raw: Readonly<Record<string, unknown>> = {}): Config {
  const infos = describeKeys(experiment);
  const byKey = new Map(infos.map((info) => [info.key, info]));
  for (const key of Object.keys(raw)) {
    if (!byKey.has(key)) throw unknownKey(experiment, key, raw[key], [...byKey.keys()]);
  }
  const result = experiment.schema.safeParse(raw);
  if (result.success) {
    experiment.check?.(result.data);
    return result.data as Config;
  }
  const issue = result.error.issues[0]!;
  const info = byKey.get(String(issue.path[0] ?? ""));
  const value = raw[String(issue.path[0] ?? "")];
  const unsafe = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  const custom = issue.code === "custom" ? issue.message : unsafe ? "beyond ±(2⁵³ − 1), where integers are not exact" : undefined;
  if (!info) {
    throw new ConfigError({ message: `${experiment.id}: ${issue.message}`, key: "", allowed: issue.message });
  }
  throw badValue(experiment, info, raw[info.key] === undefined ? info.default : raw[info.key], custom);
}

/** The value that a text stands for; text that is no value of the key's type is returned as it is, for the schema to refuse. */
export function parseValue(info: KeyInfo, text: string): unknown {
  if (info.nullable && text === "null") return null;
  switch (info.type) {
    case "number":
    case "integer":
      // Number("") is 0 and Number("0x10") is 16: neither is what anyone means here.
      return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim()) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return text.split(",").map((item) => (item.trim() !== "" && Number.isFinite(Number(item)) ? Number(item) : item));
    default:
      return text;
  }
}

/**
 * Reads `key=value` assignments, as given on a command line, into a raw configuration for {@link parseConfig}.
 * @throws ConfigError when an assignment has no `=`, names an unknown key, or names one twice.
 */
export function parseAssignments(experiment: AnyExperiment, assignments: readonly string[]): Record<string, unknown> {
  const infos = new Map(describeKeys(experiment).map((info) => [info.key, info]));
  const raw: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    if (at < 1) {
      throw new ConfigError({
        message: `${experiment.id}: expected key=value, got ${show(assignment)}; keys are ${[...infos.keys()].join(", ")}`,
        key: assignment,
        got: assignment,
        allowed: "key=value",
        nearest: nearestName(assignment, [...infos.keys()]),
      });
    }
    const key = assignment.slice(0, at);
    const text = assignment.slice(at + 1);
    const info = infos.get(key);
    if (!info) throw unknownKey(experiment, key, text, [...infos.keys()]);
    if (Object.hasOwn(raw, key)) {
      throw new ConfigError({ message: `${experiment.id}: ${key} is given twice`, key, got: text, allowed: "one value" });
    }
    raw[key] = parseValue(info, text);
  }
  return raw;
}
