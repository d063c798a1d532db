import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, show } from "../experiments/config.js";
import type { Trial } from "../experiments/executor.js";
import { LocalExecutor } from "../experiments/local.js";
import { axesToObject } from "../experiments/sweep/language.js";
import { schedulerOf } from "../experiments/sweep/schedule.js";
import { createRun, type Plan, planSweep } from "../experiments/sweep/session.js";
import { integerOption } from "./output.js";
import { checkedOptions, type WorkOptions, work } from "./sweep-run.js";

export interface SweepOptions extends WorkOptions {
  out?: string;
  dryRun?: boolean;
  random?: string;
  asha?: string;
  searchSeed?: string;
  budget?: string;
  eta?: string;
}

const wrong = (key: string, got: unknown, allowed: string) =>
  new ConfigError({ message: `--${key} must be ${allowed}, got ${show(got)}`, key, got, allowed });

/** The search that options ask for; undefined when they ask for none. */
function searchOf(options: SweepOptions): object | undefined {
  const seed = options.searchSeed === undefined ? 0 : integerOption("search-seed", options.searchSeed, 0, Number.MAX_SAFE_INTEGER);
  if (options.random !== undefined && options.asha !== undefined) throw wrong("random", options.random, "left out with --asha");
  if (options.random !== undefined) return { kind: "random", samples: integerOption("random", options.random, 1, 1_000_000), seed };
  if (options.asha === undefined) {
    for (const key of ["budget", "eta"] as const) if (options[key] !== undefined) throw wrong(key, options[key], "given with --asha");
    return undefined;
  }
  const [, key, min, max] = /^([^=]+)=(\d+):(\d+)$/.exec(options.budget ?? "") ?? [];
  if (key === undefined) throw wrong("budget", options.budget ?? "nothing", "key=min:max with --asha, as steps=100:2700");
  if (options.metric === undefined) throw wrong("metric", "nothing", "the name of a metric with --asha");
  return {
    kind: "asha",
    samples: integerOption("asha", options.asha, 1, 1_000_000),
    seed,
    metric: options.metric,
    mode: options.max ? "max" : "min",
    budget: { key, min: Number(min), max: Number(max) },
    ...(options.eta === undefined ? {} : { eta: integerOption("eta", options.eta, 2, 100) }),
  };
}

/** Seconds that a trial of the plan is given when it is timed for an estimate. */
const PATIENCE = 5;

/** Times the first, the middle and the last trial; null when one fails or takes longer than our patience. */
async function meanSeconds({ spec, trials, module }: Plan): Promise<number | null> {
  const places = trials === null ? [0] : [...new Set([0, Math.floor(trials / 2), trials - 1])];
  const chosen: Trial[] = [];
  const scheduler = schedulerOf(spec);
  for (let index = 0; chosen.length < places.length; index++) {
    const next = scheduler.next();
    if (next === undefined || next === "wait") break;
    if (places.includes(index)) chosen.push({ id: next.id, experiment: next.experiment, config: next.config });
  }
  const folder = mkdtempSync(join(tmpdir(), "layerwise-"));
  const modules: string[] = [];
  if (module) {
    writeFileSync(join(folder, "experiment.mjs"), module.text);
    modules.push(pathToFileURL(join(folder, "experiment.mjs")).href);
  }
  const executor = new LocalExecutor({ workers: 1, modules });
  try {
    let sum = 0;
    for await (const record of executor.execute(
      chosen.map((trial) => [trial]),
      { timeout: PATIENCE },
    )) {
      if (record.status !== "ok") return null;
      sum += record.timing.seconds;
    }
    return sum / chosen.length;
  } finally {
    await executor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function dryRun(plan: Plan, workers: number, json: boolean | undefined): Promise<number> {
  const mean = await meanSeconds(plan);
  const { spec, trials } = plan;
  const seconds = mean === null || trials === null ? null : mean * Math.ceil(trials / workers);
  const axes = axesToObject(spec.axes);
  if (json) {
    console.log(
      JSON.stringify({
        experiment: spec.experiment.id,
        axes,
        search: spec.search,
        trials,
        workers,
        secondsPerTrial: mean,
        seconds,
        version: spec.version,
      }),
    );
    return 0;
  }
  const lines = Object.entries(axes).map(([key, values]) => {
    const list = Array.isArray(values)
      ? values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
      : [String(values)];
    const some = list.length > 12 ? [...list.slice(0, 6), `… ${list.length} values`, ...list.slice(-2)] : list;
    return `  ${key} = ${some.join(", ")}`;
  });
  console.log([`${spec.experiment.id}, ${spec.search.kind}`, ...lines].join("\n"));
  console.log(trials === null ? "the number of trials depends on results" : `${trials} trial${trials === 1 ? "" : "s"}`);
  console.log(
    mean === null
      ? `a trial takes more than ${PATIENCE} s, or fails: no estimate`
      : `${mean.toPrecision(2)} s a trial${seconds === null ? "" : `, about ${duration(seconds)} on ${workers} worker${workers === 1 ? "" : "s"}`}`,
  );
  return 0;
}

const duration = (s: number) =>
  s < 100 ? `${Number(s.toPrecision(2))} s` : s < 6000 ? `${Math.round(s / 60)} min` : `${(s / 3600).toPrecision(2)} h`;

/** `layerwise sweep TARGET [key=values…]` */
export async function sweep(target: string, assignments: readonly string[], options: SweepOptions): Promise<number> {
  const { workers } = checkedOptions(options).choice;
  const search = searchOf(options);
  const plan = await planSweep({ target, assignments, search });
  if (options.dryRun) return dryRun(plan, workers ?? availableParallelism(), options.json);
  if (options.out === undefined) throw wrong("out", "nothing", "the folder for the results");
  const folder = createRun(options.out, plan);
  return work(folder, plan.spec, options);
}
