import { palette } from "../../../report/theme.js";
import { meanInterval, median } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { metricOf, rate } from "../representation.js";
import { linePanel } from "./panel.js";

const conds = [1, 30, 1000];
const seeds = [1, 2, 3, 4];
const budget = 400;
const rates = [-6, -5, -4, -3, -2, -1, 0];
const methods = [
  { id: "kfac-stylised", label: "KFAC (stylised)", color: palette.vermillion, shape: "circle" },
  { id: "soap", label: "SOAP", color: palette.purple, shape: "diamond" },
  { id: "muon", label: "Muon", color: palette.green, shape: "triangle-up" },
  { id: "adam", label: "Adam", color: palette.blue, shape: "square" },
  { id: "lbfgs", label: "L-BFGS", color: palette.orange, shape: "triangle-down" },
] as const;
type MethodId = (typeof methods)[number]["id"];

const trials = (settings: Settings, optimizer: MethodId, cond: number, index: number) =>
  seeds.map((i) =>
    trialOf("linear-representation", {
      ...(settings.quick ? { d: 24, dy: 8, k: 3, n: 256 } : { d: 40, dy: 12, k: 5, n: 400 }),
      noise: 0.01,
      steps: budget,
      cond,
      optimizer,
      lr: rate(index),
      sampling: "statistics",
      seed: seedOf(settings, i),
    }),
  );

/** Steps to distance 0.1 (the budget where it was not reached) at the rate with the least median, every method chosen alike. */
const best = (settings: Settings, results: Results, method: MethodId, cond: number) =>
  rates
    .map((index) => metricOf(results, trials(settings, method, cond, index), "stepsTo0.1").map((value) => value ?? budget))
    .reduce((a, b) => (median(b) < median(a) ? b : a));

const fasterThanAdam: Claim = {
  id: "muon-soap-against-adam",
  statement: "Muon and SOAP learn the representation in fewer steps than Adam.",
  source: "open question; both are layer-wise, neither preconditions by the inputs' covariance",
  estimator: `Per seed, log ratio of steps to distance 0.1 (at most ${budget}) to Adam's, each at its best of ${rates.length} rates, at condition numbers ${conds.join(", ")}.`,
  test: "Holds if the 95 % confidence interval of the mean log ratio lies below 0 for both methods at every condition number; partly if in at least one of these cases.",
  conditions: "The measurement names the condition numbers; a ratio of 1 at the largest may mean that neither arrived.",
  judge(settings, results) {
    const cells = (["soap", "muon"] as const).flatMap((method) =>
      conds.map((cond) => {
        const adam = best(settings, results, "adam", cond);
        return { method, cond, ...meanInterval(best(settings, results, method, cond).map((value, i) => Math.log(value / adam[i]!))) };
      }),
    );
    if (results.all(trials(settings, "adam", conds[0]!, rates[0]!)).length === 0) return noData;
    return {
      verdict: verdictOf(
        cells.map(({ high }) => high < 0),
        1 / cells.length,
      ),
      measured: cells
        .map(
          ({ method, cond, mean, low, high }) =>
            `${method} at ${cond}: ${short(Math.exp(mean), 2)}× [${short(Math.exp(low), 2)}, ${short(Math.exp(high), 2)}]`,
        )
        .join("; "),
      numbers: Object.fromEntries(cells.map(({ method, cond, mean }) => [`${method}${cond}`, Math.exp(mean)])),
    };
  },
};

export const features: Figure = {
  id: "feature-learners",
  title: "Do Muon and SOAP learn features better than Adam? And quasi-Newton?",
  caption:
    `Median steps to distance 0.1, each method at its best rate (bars: range over seeds; at ${budget}: not reached). See whether SOAP and Muon lie below Adam, and that none of them is flat as KFAC is. ` +
    "A flat line other than KFAC's would contradict that the inputs' covariance is what matters.",
  plan: (settings) => conds.flatMap((cond) => methods.flatMap(({ id }) => rates.flatMap((index) => trials(settings, id, cond, index)))),
  draw: (settings, results, layout) =>
    linePanel(
      "linear representation learning",
      {
        x: { title: "condition number of the input covariance", domain: [0.8, 1300], log: true },
        y: { title: "steps to distance 0.1", domain: [1, budget], log: true },
      },
      methods.map(({ id, label, color, shape }) => ({
        label,
        color,
        shape,
        points: conds.map((cond) => {
          const values = best(settings, results, id, cond);
          return { x: cond, y: median(values), low: Math.min(...values), high: Math.max(...values) };
        }),
      })),
      "median and range over seeds",
      layout,
    ),
  table: (settings, results) => ({
    caption: `Median steps to distance 0.1 (${budget}: not reached).`,
    header: ["method", ...conds.map((cond) => `cond ${cond}`)],
    rows: methods.map(({ id, label }) => [label, ...conds.map((cond) => short(median(best(settings, results, id, cond))))]),
  }),
  claims: [fasterThanAdam],
};
