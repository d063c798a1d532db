import { z } from "zod";
import { nearestName } from "../../names.js";
import { ConfigError, describeKeys, show, unknownKey } from "../config.js";
import type { AnyExperiment } from "../define.js";
import type { Search } from "./plan.js";

const samples = z.int().min(1).max(1_000_000);
const seed = z.int().min(0).default(0);

const schemas = {
  grid: z.strictObject({ kind: z.literal("grid") }),
  random: z.strictObject({ kind: z.literal("random"), samples, seed }),
  asha: z.strictObject({
    kind: z.literal("asha"),
    samples,
    seed,
    metric: z.string().min(1),
    mode: z.enum(["min", "max"]).default("min"),
    budget: z.strictObject({ key: z.string(), min: z.int().min(1), max: z.int().min(1) }).refine(({ min, max }) => min <= max, "min ≤ max"),
    eta: z.int().min(2).max(100).default(3),
  }),
};

/** Checks the settings of a search. @throws ConfigError naming the setting. */
export function parseSearch(experiment: AnyExperiment, raw: object = { kind: "grid" }): Search {
  const bad = (key: string, got: unknown, allowed: string, nearest?: string) =>
    new ConfigError({
      message: `search: ${key} must be ${allowed}, got ${show(got)}${nearest ? ` — did you mean ${nearest}?` : ""}`,
      key,
      got,
      allowed,
      nearest,
    });
  const kind = (raw as { kind?: unknown }).kind;
  const kinds = Object.keys(schemas);
  if (typeof kind !== "string" || !Object.hasOwn(schemas, kind)) {
    throw bad("kind", kind, `one of ${kinds.join(", ")}`, typeof kind === "string" ? nearestName(kind, kinds) : undefined);
  }
  const schema = schemas[kind as keyof typeof schemas];
  const names = Object.keys(schema.shape);
  for (const key of Object.keys(raw)) {
    if (!names.includes(key)) throw bad(key, (raw as Record<string, unknown>)[key], `one of ${names.join(", ")}`, nearestName(key, names));
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const path = issue.path.map(String);
    const got = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], raw);
    throw new ConfigError({
      message: `search: ${path.join(".")}: ${issue.message}, got ${show(got)}`,
      key: path.join("."),
      got,
      allowed: issue.message,
    });
  }
  const search = parsed.data as Search;
  if (search.kind === "asha") {
    const infos = describeKeys(experiment);
    const info = infos.find(({ key }) => key === search.budget.key);
    if (!info)
      throw unknownKey(
        experiment,
        search.budget.key,
        search.budget.min,
        infos.map(({ key }) => key),
      );
    if (info.type !== "integer" && info.type !== "number") throw bad("budget.key", info.key, "the name of a numeric key");
  }
  return search;
}
