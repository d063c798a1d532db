import { type Layout, logDomain } from "../../../report/theme.js";
import { logRatioInterval, median } from "../../statistics.js";
import { type Figure, type Results, type Settings, seedOf, short, trialOf } from "../figure.js";
import { type Method, metricOf, type Tuned, tuneRate } from "../representation.js";
import { linePanel } from "./panel.js";

/** A comparison of variants of linear representation learning over one key of the experiment. */
interface Comparison<Id extends string> {
  /** The key, its values and how it is called on the axis. */
  readonly key: "cond" | "condF";
  readonly values: readonly number[];
  readonly axis: string;
  readonly title: string;
  /** Seeds to show; default: as many as the paper's figures. */
  readonly shown?: readonly number[];
  /** What all variants share. */
  readonly base: Readonly<Record<string, unknown>> & { readonly steps: number };
  readonly variants: Readonly<Record<Id, Method>>;
}

/** A size at which a thousand steps take a fraction of a second, whatever the method. */
export const smallProblem = { d: 40, dy: 12, k: 5, n: 400, noise: 0.01, steps: 1000 } as const;

/** Seeds at that size, in quick mode too: tasks of few outputs differ much in difficulty. */
export const smallSeeds = [1, 2, 3, 4, 5, 6, 7];

/** Steps to distance 0.1 of every variant at its best rate (chosen on other seeds) against one key: plan, curves, table, and ratios for claims. */
export function stepsAgainst<Id extends string>({ key, values, axis, title, base, variants, shown }: Comparison<Id>) {
  const ids = Object.keys(variants) as Id[];
  const tuned = (settings: Settings, results: Results, id: Id, value: number): Tuned => {
    const { config } = variants[id];
    const make = (lr: number, seed: number) =>
      trialOf("linear-representation", { ...base, ...config, [key]: value, lr, seed: seedOf(settings, seed) });
    return tuneRate(settings, results, make, { ...variants[id], shown });
  };
  /** Steps of every shown seed, the whole budget where the distance was not reached: ratios of them are then bounds. */
  const steps = (settings: Settings, results: Results, id: Id, value: number) =>
    metricOf(results, tuned(settings, results, id, value).trials, "stepsTo0.1").map((found) => found ?? base.steps);
  const draw: Figure["draw"] = (settings, results, layout: Layout) => {
    const span: readonly [number, number] = [values[0]! / 1.25, values[values.length - 1]! * 1.25];
    return linePanel(
      title,
      {
        x: { title: axis, domain: span, log: true },
        y: { title: "steps to distance 0.1", domain: [logDomain([3])[0], base.steps * 1.25], log: true },
      },
      ids.map((id, i) => ({
        label: variants[id].label,
        ...variants[id].style,
        dx: 3 * (i - (ids.length - 1) / 2),
        points: values.map((value) => {
          const found = steps(settings, results, id, value);
          return { x: value, y: median(found), low: Math.min(...found), high: Math.max(...found) };
        }),
      })),
      "median and range over seeds",
      layout,
    );
  };
  const table: Figure["table"] = (settings, results) => ({
    caption: `Median steps to distance 0.1 (${base.steps}: not reached) and the best rate (* = at the edge of its grid).`,
    header: ["method", ...values.map((value) => `${key} ${short(value)}`)],
    rows: ids.map((id) => [
      variants[id].label,
      ...values.map((value) => {
        const { lr, atEdge } = tuned(settings, results, id, value);
        return `${short(median(steps(settings, results, id, value)))} (${short(lr)}${atEdge ? "*" : ""})`;
      }),
    ]),
  });
  return {
    plan: (settings: Settings, results: Results) =>
      values.flatMap((value) => ids.flatMap((id) => tuned(settings, results, id, value).plan)),
    draw,
    table,
    tuned,
    steps,
    /** Log ratio of a variant's steps at two values of the key, paired over seeds. */
    growth: (settings: Settings, results: Results, id: Id, from: number, to: number) =>
      logRatioInterval(steps(settings, results, id, to), steps(settings, results, id, from)),
  };
}
