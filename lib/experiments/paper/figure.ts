import type { Spec } from "../../report/chart.js";
import type { Layout } from "../../report/theme.js";
import { makeTrial, type OkRecord, type Trial, type TrialRecord } from "../executor.js";
import { experimentById } from "../registry.js";

/** What `reproduce` was asked for. */
export interface Settings {
  readonly quick: boolean;
  /** Every trial's seed derives from it. */
  readonly seed: number;
  /** Whether every figure was asked for, also those past the paper. */
  readonly all?: boolean;
}

/** The records so far, by trial. */
export class Results {
  private readonly byId = new Map<string, TrialRecord>();

  add(record: TrialRecord): void {
    this.byId.set(record.id, record);
  }

  /** Whether the trial has been run, successfully or not. */
  has(trial: Trial): boolean {
    return this.byId.has(trial.id);
  }

  /** The record of a trial that has succeeded. */
  get(trial: Trial): OkRecord | undefined {
    const record = this.byId.get(trial.id);
    return record?.status === "ok" ? record : undefined;
  }

  /** The records of those of these trials that have succeeded. */
  all(trials: readonly Trial[]): OkRecord[] {
    return trials.map((trial) => this.get(trial)).filter((record) => record !== undefined);
  }

  *[Symbol.iterator](): Iterator<TrialRecord> {
    yield* this.byId.values();
  }
}

export type Verdict = "holds" | "holds partly" | "does not hold" | "not measured";

/** What a claim's test found. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The measured numbers, in a phrase. */
  readonly measured: string;
  readonly numbers: Readonly<Record<string, number | null>>;
}

/** A statement of the paper or its theory, with the test that decides about it, whatever the seed and the sizes. */
export interface Claim {
  readonly id: string;
  readonly statement: string;
  /** Where it comes from. */
  readonly source: string;
  /** What is computed from the trials. */
  readonly estimator: string;
  /** When it counts as holding, as holding partly, and as not holding. */
  readonly test: string;
  /** Under which conditions it holds, where not always. */
  readonly conditions?: string;
  judge(settings: Settings, results: Results): Judgement;
}

export interface TableData {
  readonly caption: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One figure of the paper: the trials it needs, how it is drawn, and the claims it decides. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  /** What to see, and what would contradict it. */
  readonly caption: string;
  /**
   * The trials that the figure needs, done or not, as far as can be told from the results so far (a rate must be tuned before
   * it can be used). Asked again until every trial it names has been run.
   */
  plan(settings: Settings, results: Results): Trial[];
  draw(settings: Settings, results: Results, layout: Layout): Spec;
  table(settings: Settings, results: Results): TableData;
  readonly claims: readonly Claim[];
}

/** Figures ask for the same trials many times; checking a configuration and hashing it costs more than looking it up. */
const known = new Map<string, Trial>();

/** A trial of a registered experiment. @throws ConfigError */
export function trialOf(experiment: string, config: Readonly<Record<string, unknown>>): Trial {
  const key = `${experiment} ${JSON.stringify(config)}`;
  const trial = known.get(key) ?? makeTrial(experimentById(experiment), config);
  known.set(key, trial);
  return trial;
}

/** The i-th seed of a run, i < 1000: two runs with different seeds share none. */
export const seedOf = (settings: Settings, i: number) => settings.seed * 1000 + i;

/** What a claim without data gets. */
export const noData: Judgement = { verdict: "not measured", measured: "no data", numbers: {} };

/** `holds` when all checks pass, `holds partly` when at least `part` of them do. */
export function verdictOf(checks: readonly boolean[], part = 0.5): Verdict {
  if (checks.length === 0) return "not measured";
  const passed = checks.filter(Boolean).length;
  if (passed === checks.length) return "holds";
  return passed > 0 && passed >= part * checks.length ? "holds partly" : "does not hold";
}

/** Three significant digits; exponents only where they are shorter to read; a dash for what is not there. */
export function short(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "—";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(digits - 1).replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

/** A ratio and its interval from those of its logarithm. */
export const ratio = ({ mean, low, high }: { mean: number; low: number; high: number }) =>
  `${short(Math.exp(mean))}× [${short(Math.exp(low))}, ${short(Math.exp(high))}]`;

/** The verdict on a claim of a figure. Nothing is concluded while a trial of the figure is missing or has failed. */
export function judge(figure: Figure, claim: Claim, settings: Settings, results: Results): Judgement {
  const plan = figure.plan(settings, results);
  const missing = plan.filter((trial) => results.get(trial) === undefined).length;
  if (missing > 0) return { verdict: "not measured", measured: `${missing} of ${plan.length} trials failed`, numbers: {} };
  return claim.judge(settings, results);
}
