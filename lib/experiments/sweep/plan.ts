import type { z } from "zod";
import { Stream } from "../../random/index.js";
import { ConfigError, parseConfig } from "../config.js";
import type { AnyExperiment } from "../define.js";
import { makeTrial, type Trial } from "../executor.js";
import type { Axes, Axis } from "./language.js";

/** How the axes are searched. The axis `seed` is never sampled: every sample is run with each of its values. */
export type Search =
  | { readonly kind: "grid" }
  | { readonly kind: "random"; readonly samples: number; readonly seed: number }
  | {
      readonly kind: "asha";
      readonly samples: number;
      readonly seed: number;
      /** A metric (dotted name when nested), and whether small or large is good. */
      readonly metric: string;
      readonly mode: "min" | "max";
      /** The key that says how long a trial is, its smallest and its largest value. */
      readonly budget: { readonly key: string; readonly min: number; readonly max: number };
      /** One of `eta` samples goes on to `eta` times the budget. */
      readonly eta: number;
    };

export interface SweepSpec {
  readonly experiment: AnyExperiment;
  readonly axes: Axes;
  readonly search: Search;
  /** Of the code: part of every trial's identity. */
  readonly version: string;
}

export type RawConfig = Readonly<Record<string, unknown>>;

export const MAX_TRIALS = 10_000_000;

const valuesOf = (key: string, axis: Axis): readonly unknown[] => {
  if (axis.kind === "values") return axis.values;
  const got = `${axis.kind}:${axis.low}:${axis.high}`;
  const allowed = `${axis.kind}:low:high:count in a grid; an interval without a count needs a random search`;
  throw new ConfigError({ message: `${key} must be ${allowed}, got ${got}`, key, got, allowed });
};

/** Every combination of the axes' values, the last axis fastest. @throws ConfigError for an interval or too many. */
export function* grid(axes: Axes): Generator<RawConfig> {
  const keys = [...axes.keys()];
  const values = keys.map((key) => valuesOf(key, axes.get(key)!));
  const total = values.reduce((product, { length }) => product * length, 1);
  if (total > MAX_TRIALS) {
    const allowed = `at most ${MAX_TRIALS} trials`;
    throw new ConfigError({ message: `a sweep must have ${allowed}, got ${total}`, key: keys.join(", "), got: total, allowed });
  }
  for (let index = 0; index < total; index++) {
    let rest = index;
    const chosen = new Array<unknown>(keys.length);
    for (let j = keys.length - 1; j >= 0; j--) {
      chosen[j] = values[j]![rest % values[j]!.length];
      rest = Math.floor(rest / values[j]!.length);
    }
    yield Object.fromEntries(keys.map((key, j) => [key, chosen[j]]));
  }
}

function draw(axis: Axis, stream: Stream, integer: boolean): unknown {
  const u = stream.uniform(new Float64Array(1))[0]!;
  if (axis.kind === "values") return axis.values[Math.min(axis.values.length - 1, Math.floor(u * axis.values.length))];
  const { kind, low, high } = axis;
  const x = kind === "log" ? Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low))) : low + u * (high - low);
  return integer ? Math.round(x) : Number(x.toPrecision(6));
}

/**
 * The index-th draw from the axes (without `seed`). It depends on nothing but the search's seed, the index and the key, so
 * that more samples, or another axis, leave it as it was.
 */
export function sample(axes: Axes, index: number, seed: number, integers: ReadonlySet<string>): RawConfig {
  const entries = [...axes].filter(([key]) => key !== "seed");
  return Object.fromEntries(entries.map(([key, axis]) => [key, draw(axis, new Stream(seed, "sweep", index, key), integers.has(key))]));
}

/** The values of the axis `seed`, as configurations; one empty configuration when there is no such axis. */
export function seeds(axes: Axes): RawConfig[] {
  const axis = axes.get("seed");
  return axis ? valuesOf("seed", axis).map((seed) => ({ seed })) : [{}];
}

/** The axes without values that mean the same to the experiment: a grid over them has no trial twice. */
function distinct({ experiment, axes }: SweepSpec): Axes {
  const meaning = (key: string, value: unknown) => {
    const parsed = (experiment.schema.shape[key] as z.ZodType | undefined)?.safeParse(value);
    return JSON.stringify(parsed?.success ? parsed.data : value);
  };
  return new Map(
    [...axes].map(([key, axis]): [string, Axis] => {
      if (axis.kind !== "values") return [key, axis];
      const values = new Map<string, unknown>();
      for (const value of axis.values) {
        const name = meaning(key, value);
        if (!values.has(name)) values.set(name, value);
      }
      return [key, { kind: "values", values: [...values.values()] }];
    }),
  );
}

/** The number of combinations in a grid, every one of which is checked. @throws ConfigError */
export function countGrid(spec: SweepSpec): number {
  let count = 0;
  for (const config of grid(distinct(spec))) {
    parseConfig(spec.experiment, config);
    count++;
  }
  return count;
}

/** The trials of a grid or a random search, in their order, each once. @throws ConfigError for a configuration that is not valid. */
export function* plannedTrials(spec: SweepSpec, integers: ReadonlySet<string>): Generator<Trial> {
  const { experiment, axes, search, version } = spec;
  if (search.kind === "grid") {
    for (const config of grid(distinct(spec))) yield makeTrial(experiment, config, version);
    return;
  }
  const seen = new Set<string>();
  for (let index = 0; index < search.samples; index++) {
    for (const seed of seeds(axes)) {
      const trial = makeTrial(experiment, { ...sample(axes, index, search.seed, integers), ...seed }, version);
      if (seen.has(trial.id)) continue;
      seen.add(trial.id);
      yield trial;
    }
  }
}
