import { logDomain, palette } from "../../../report/theme.js";
import type { Trial } from "../../executor.js";
import { meanInterval, median } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf } from "../figure.js";
import { metricOf } from "../representation.js";
import { linePanel } from "./panel.js";

const dampings = [1e-5, 1e-3, 0.1];
const rates = [0.1, 0.3, 1];
const seeds = [1, 2, 3];
const budget = 150;

const kinds = [
  { id: "exact", label: "joint Gauss-Newton, exact", color: palette.blue, shape: "square" },
  { id: "sampled", label: "joint NGD, sampled labels", color: palette.green, shape: "diamond" },
  { id: "empirical", label: "joint NGD, empirical Fisher", color: palette.black, shape: "cross" },
] as const;
type Kind = (typeof kinds)[number]["id"];

const problem = (settings: Settings) => ({
  ...(settings.quick ? { d: 24, dy: 8, k: 3, n: 256 } : { d: 40, dy: 12, k: 5, n: 400 }),
  cond: 1000,
  noise: 0.01,
  steps: budget,
});

const trials = (settings: Settings, config: Record<string, unknown>) =>
  seeds.map((i) => trialOf("linear-representation", { ...problem(settings), ...config, seed: seedOf(settings, i) }));
const kfac = (settings: Settings) => trials(settings, { optimizer: "kfac-stylised", lr: 0.3, sampling: "batch" });
const joint = (settings: Settings, fisher: Kind, damping: number, lr: number) =>
  trials(settings, { optimizer: "gauss-newton", fisher, damping, lr, sampling: "batch" });

/** Steps to distance 0.1, the budget where it was not reached. */
const steps = (results: Results, of: readonly Trial[]) => metricOf(results, of, "stepsTo0.1").map((value) => value ?? budget);

/** The best rate's steps, by their median, at one damping. */
const best = (settings: Settings, results: Results, kind: Kind, damping: number) =>
  rates.map((lr) => steps(results, joint(settings, kind, damping, lr))).reduce((a, b) => (median(b) < median(a) ? b : a));

const overall = (settings: Settings, results: Results, kind: Kind) =>
  dampings.map((damping) => best(settings, results, kind, damping)).reduce((a, b) => (median(b) < median(a) ? b : a));

const underperforms: Claim = {
  id: "full-second-order-underperforms",
  statement:
    "Full second-order methods (joint Gauss-Newton and natural gradient) learn the representation more slowly than layer-wise KFAC.",
  source: "Zhang et al. 2025, comparison with natural gradient descent",
  estimator: `Steps to distance 0.1 (at most ${budget}) of joint Gauss-Newton and of natural gradient with sampled and with empirical Fisher, each at its best of ${rates.length} rates and ${dampings.length} dampings, over those of KFAC at rate 0.3 on the same seeds.`,
  test: "Holds if for all three the 95 % confidence interval of the mean log ratio, paired over seeds, lies above log 1.5; partly if for one or two of them.",
  conditions: "Depends on where the curvature comes from: the exact matrix with small damping is the method that is not slow.",
  judge(settings, results) {
    const base = steps(results, kfac(settings));
    const ratios = kinds.map(({ id, label }) => {
      const logs = overall(settings, results, id).map((value, i) => Math.log(value / base[i]!));
      return { id, label, ...meanInterval(logs) };
    });
    const slower = ratios.filter(({ low }) => low > Math.log(1.5));
    if (base.length === 0) return noData;
    return {
      verdict: slower.length === ratios.length ? "holds" : slower.length ? "holds partly" : "does not hold",
      measured: ratios
        .map(({ label, mean, low, high }) => `${label} ${short(Math.exp(mean))}× [${short(Math.exp(low))}, ${short(Math.exp(high))}]`)
        .join("; "),
      numbers: Object.fromEntries(ratios.map(({ id, mean }) => [id, Math.exp(mean)])),
    };
  },
};

export const secondOrder: Figure = {
  id: "second-order",
  title: "Full second order against layer-wise KFAC",
  caption:
    "Median steps to distance 0.1 at condition number 1000 against the damping, best of three rates each (bars: range over seeds; at the upper edge: not reached). See which full " +
    "second-order methods come near KFAC's line: the exact Gauss-Newton matrix with little damping may, the Fisher from sampled or true labels does not. A Fisher curve on KFAC's line would contradict the paper; " +
    "an exact one on it limits the paper's claim.",
  plan: (settings) => [
    ...kfac(settings),
    ...kinds.flatMap(({ id }) => dampings.flatMap((damping) => rates.flatMap((lr) => joint(settings, id, damping, lr)))),
  ],
  draw(settings, results, layout) {
    const base = median(steps(results, kfac(settings)));
    const curves = kinds.map(({ id, label, color, shape }) => ({
      label,
      color,
      shape,
      points: dampings.map((damping) => {
        const values = best(settings, results, id, damping);
        return { x: damping, y: median(values), low: Math.min(...values), high: Math.max(...values) };
      }),
    }));
    const line = dampings.map((x) => ({ x, y: base }));
    return linePanel(
      "condition number 1000",
      {
        x: { title: "damping λ", domain: [dampings[0]!, dampings[dampings.length - 1]!], log: true },
        y: { title: "steps to distance 0.1", domain: logDomain([1, budget]), log: true },
      },
      [...curves, { label: "KFAC (stylised), rate 0.3", color: palette.vermillion, shape: "circle", line }],
      "median and range over seeds",
      layout,
    );
  },
  table: (settings, results) => ({
    caption: `Median steps to distance 0.1 (${budget}: not reached); KFAC: ${short(median(steps(results, kfac(settings))))}.`,
    header: ["method", ...dampings.map((damping) => `λ = ${short(damping)}`)],
    rows: kinds.map(({ id, label }) => [label, ...dampings.map((damping) => short(median(best(settings, results, id, damping))))]),
  }),
  claims: [underperforms],
};
