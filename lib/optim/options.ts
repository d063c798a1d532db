import { z } from "zod";
import { unknownOption } from "../names.js";
import type { Schedule } from "./schedules.js";

const steps = z.number().int().positive();
const warmup = z.number().int().nonnegative().optional();
const final = z.number().nonnegative().optional();
const scheduleType = z.union([
  z.custom<Schedule>((f) => typeof f === "function"),
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("constant"), warmup }),
    z.strictObject({ kind: z.enum(["linear", "cosine"]), steps, warmup, final }),
    z.strictObject({ kind: z.literal("wsd"), steps, warmup, decay: steps, final }),
    z.strictObject({ kind: z.literal("inverse-sqrt"), warmup: steps }),
  ]),
]);

/** Options every method takes besides its own. */
export const commonShape = {
  lr: z.number().nonnegative().default(1e-3).describe("learning rate η"),
  decay: z.number().nonnegative().default(0).describe("decoupled weight decay: W ← (1 − η·decay) W before the step"),
  schedule: scheduleType
    .optional()
    .describe(
      "learning-rate schedule: a function of the step, or {kind, steps, warmup, …}, kind one of constant, linear, cosine, wsd, inverse-sqrt",
    ),
  clipNorm: z.number().positive().nullable().default(null).describe("scale all gradients so that their joint norm is at most this"),
  clipValue: z.number().positive().nullable().default(null).describe("clamp every gradient element to ± this"),
  average: z.number().min(0).lt(1).default(0).describe("exponential moving average of the weights, its factor (0: off)"),
  nonFinite: z
    .enum(["skip", "throw"])
    .default("skip")
    .describe("a gradient with NaN or Inf: leave the parameter alone and count, or throw"),
  record: z.boolean().default(false).describe("keep a diagnostics record of every refresh and update"),
  groups: z.array(z.any()).default([]).describe("parameter groups: {parameters, method?, …options}"),
};

/** Options for the rate of vectors (1×n, n×1) that a matrix method hands to Adam. */
export const vectorShape = {
  vectorLr: z.number().nonnegative().default(1e-3).describe("learning rate of vectors, which Adam updates; the schedule applies"),
};

const unit = (value: number, about: string) => z.number().min(0).lt(1).default(value).describe(about);

/** An averaging factor in [0, 1). */
export { unit };
export const positive = (value: number, about: string) => z.number().nonnegative().default(value).describe(about);
export const flag = (value: boolean, about: string) => z.boolean().default(value).describe(about);
export const count = (value: number, about: string) => z.number().int().positive().default(value).describe(about);

/** The same option with another default. */
export function withDefault<T extends z.ZodType>(type: z.ZodDefault<T>, value: z.output<T>): z.ZodDefault<T> {
  return type
    .unwrap()
    .default(value as never)
    .describe(type.description ?? "") as unknown as z.ZodDefault<T>;
}

/** Options by name, as zod types with default and description. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** Options as a caller gives them: a method's own and the common ones; what has a default may be left out. `groups` are typed where they are read. */
export type OptionsGiven<S extends Shape> = z.input<z.ZodObject<S>> &
  Omit<z.input<z.ZodObject<typeof commonShape>>, keyof S | "groups"> &
  Omit<z.input<z.ZodObject<typeof vectorShape>>, keyof S>;

/** Zod compiles a schema when it is first used, which costs more than many checks. */
const schemas = new WeakMap<Shape, z.ZodObject>();

/**
 * Options checked against `shape` with defaults filled in.
 * @throws TypeError naming the option, what was expected and what came, and for an unknown key the nearest known one.
 */
export function validate<S extends Shape>(method: string, shape: S, options: unknown): z.output<z.ZodObject<S>> {
  let schema = schemas.get(shape);
  if (!schema) {
    schema = z.strictObject(shape);
    schemas.set(shape, schema);
  }
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data as z.output<z.ZodObject<S>>;
  const lines = parsed.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownOption(key, Object.keys(shape))).join(" ");
    }
    const path = issue.path.join(".");
    const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], options);
    const expected = issue.code === "invalid_union" ? `expected ${shape[String(issue.path[0])]?.description}` : issue.message;
    return path
      ? `option "${path}": ${expected}, got ${typeof value === "number" ? value : (JSON.stringify(value) ?? String(value))}`
      : issue.message;
  });
  throw new TypeError(`${method}: ${lines.join("; ")}`);
}
