import { palette } from "../../../report/theme.js";
import { meanInterval, median } from "../../statistics.js";
import { type Claim, type Figure, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { metricOf } from "../representation.js";
import { linePanel } from "./panel.js";

const conds = [1, 3, 10, 30, 100];
const seeds = [1, 2, 3, 4];
const budget = 2000;
const methods = [
  { id: "scaled-gd", label: "ScaledGD", color: palette.vermillion, shape: "circle" },
  { id: "gd", label: "gradient descent", color: palette.black, shape: "cross" },
] as const;
type MethodId = (typeof methods)[number]["id"];

const trials = (settings: Settings, method: MethodId, cond: number) =>
  seeds.map((i) =>
    trialOf("matrix-sensing", {
      ...(settings.quick ? { d: 16, rank: 2, measurements: 800 } : { d: 24, rank: 3, measurements: 1600 }),
      method,
      cond,
      lr: 0.5,
      steps: budget,
      seed: seedOf(settings, i),
    }),
  );
const steps = (settings: Settings, results: Results, method: MethodId, cond: number) =>
  metricOf(results, trials(settings, method, cond), "stepsTo0.001").map((value) => value ?? budget);

const flat: Claim = {
  id: "scaled-gd-flat",
  statement:
    "ScaledGD, the same one-sided preconditioning for matrix sensing, is as fast at every condition number; gradient descent slows down in proportion to it.",
  source: "Tong, Ma & Chi 2021, arXiv 2005.08898; local rates 1 − η and 1 − ησ_r",
  estimator: "Per seed, slope of log steps to relative error 0.001 over log condition number, from 10 to 100, both at rate 0.5/σ_1.",
  test: "Holds if the 95 % confidence interval of ScaledGD's slope lies below 0.2 and that of gradient descent above 0.7; partly if one of the two.",
  judge(settings, results) {
    const slope = (method: MethodId) => {
      const [low, high] = [10, 100].map((cond) => steps(settings, results, method, cond));
      return meanInterval(low!.map((value, i) => Math.log(high![i]! / value) / Math.log(10)));
    };
    const [scaled, plain] = [slope("scaled-gd"), slope("gd")];
    return {
      verdict: verdictOf([scaled.high < 0.2, plain.low > 0.7]),
      measured: `slope ${short(scaled.mean, 2)} [${short(scaled.low, 2)}, ${short(scaled.high, 2)}] for ScaledGD, ${short(plain.mean, 2)} [${short(plain.low, 2)}, ${short(plain.high, 2)}] for gradient descent`,
      numbers: { scaled: scaled.mean, plain: plain.mean },
    };
  },
};

export const sensing: Figure = {
  id: "matrix-sensing",
  title: "Matrix sensing: steps against the condition number of the matrix",
  caption:
    "Median steps to relative error 0.001 (bars: range over seeds; at the upper edge, 2000: not reached), spectral initialisation, rate 0.5/σ₁ for both. See ScaledGD stay flat while gradient descent climbs in proportion to the " +
    "condition number. A ScaledGD line that climbs would contradict its theory.",
  plan: (settings) => conds.flatMap((cond) => methods.flatMap(({ id }) => trials(settings, id, cond))),
  draw: (settings, results, layout) =>
    linePanel(
      "rank-r matrix, Gaussian measurements",
      {
        x: { title: "condition number σ₁/σᵣ", domain: [0.9, 120], log: true },
        y: { title: "steps to relative error 0.001", domain: [1, budget], log: true },
      },
      methods.map(({ id, label, color, shape }) => ({
        label,
        color,
        shape,
        points: conds.map((cond) => {
          const values = steps(settings, results, id, cond);
          return { x: cond, y: median(values), low: Math.min(...values), high: Math.max(...values) };
        }),
      })),
      "median and range over seeds",
      layout,
    ),
  table: (settings, results) => ({
    caption: `Median steps to relative error 0.001 (${budget}: not reached).`,
    header: ["method", ...conds.map((cond) => `cond ${short(cond)}`)],
    rows: methods.map(({ id, label }) => [label, ...conds.map((cond) => short(median(steps(settings, results, id, cond))))]),
  }),
  claims: [flat],
};
