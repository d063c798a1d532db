import { logDomain, palette } from "../../../report/theme.js";
import { meanInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf } from "../figure.js";
import { linePanel } from "./panel.js";

const conds = [1, 10, 100, 1e3];
const methods = [
  { id: "randomFeatures", label: "random features", color: palette.black, shape: "cross", dash: [4, 4] },
  { id: "sgd", label: "SGD step", color: palette.blue, shape: "square", dash: [6, 2] },
  { id: "kfac", label: "KFAC step", color: palette.vermillion, shape: "circle", dash: [1, 0] },
] as const;
type MethodId = (typeof methods)[number]["id"];

const size = (settings: Settings) =>
  settings.quick ? { d: 100, hidden: 200, draws: 8, n: 1600 } : { d: 200, hidden: 400, draws: 8, n: 3200 };
const trial = (settings: Settings, cond: number) =>
  trialOf("single-index-generalization", { ...size(settings), spectrum: "log", cond, seed: seedOf(settings, 0) });

interface Measured {
  readonly excess: number;
  readonly standardError: number;
  readonly draws: readonly number[];
}
const measured = (settings: Settings, results: Results, cond: number, method: MethodId) =>
  results.get(trial(settings, cond))?.metrics[method] as unknown as Measured | undefined;

/** SGD's excess minus KFAC's, draw by draw; the i-th draws of all condition numbers belong together. */
function gap(settings: Settings, results: Results, cond: number) {
  const sgd = measured(settings, results, cond, "sgd");
  const kfac = measured(settings, results, cond, "kfac");
  return sgd && kfac ? sgd.draws.map((value, i) => value - kfac.draws[i]!) : undefined;
}

const gapGrows: Claim = {
  id: "generalization-gap-condition-number",
  statement: "KFAC's advantage over SGD in test error grows with the condition number of the inputs.",
  source: "Zhang et al. 2025, single-index generalisation",
  estimator: `Difference of the excess test errors, SGD minus KFAC, paired over draws, at condition numbers ${conds.join(", ")}.`,
  test: "Holds if the 95 % confidence interval of the growth of the difference lies above 0 at each tenfold of the condition number; partly if it does from 1 to 1000 or from 1 to 100.",
  conditions: "Where the growth saturates, more anisotropy costs both methods: β* has more of its weight where the inputs hardly vary.",
  judge(settings, results) {
    const gaps = conds.map((cond) => gap(settings, results, cond)).filter((value) => value !== undefined);
    if (gaps.length < conds.length) return noData;
    const grows = (from: number, to: number) => meanInterval(gaps[to]!.map((value, i) => value - gaps[from]![i]!)).low > 0;
    const every = [0, 1, 2].every((i) => grows(i, i + 1));
    return {
      verdict: every ? "holds" : grows(0, 3) || grows(0, 2) ? "holds partly" : "does not hold",
      measured: gaps
        .map(meanInterval)
        .map(({ mean, low, high }, i) => `${short(mean)} [${short(low)}, ${short(high)}] at ${short(conds[i])}`)
        .join(", "),
      numbers: Object.fromEntries(gaps.map((values, i) => [`gap${conds[i]}`, meanInterval(values).mean])),
    };
  },
};

export const generalizationCondition: Figure = {
  id: "generalization-condition",
  title: "Excess test error after one step against the condition number",
  caption:
    "Mean over draws with two standard errors. See the distance between SGD (blue) and KFAC (red) open as inputs become anisotropic, and whether it goes on opening past 100. Lines that do not part " +
    "would contradict the paper; a gap that closes again at 1000 limits it.",
  plan: (settings) => conds.map((cond) => trial(settings, cond)),
  draw(settings, results, layout) {
    const curves = methods.map(({ id, label, color, shape, dash }) => ({
      label,
      color,
      shape,
      dash,
      points: conds.flatMap((cond) => {
        const value = measured(settings, results, cond, id);
        return value
          ? [{ x: cond, y: value.excess, low: value.excess - 2 * value.standardError, high: value.excess + 2 * value.standardError }]
          : [];
      }),
    }));
    const y = logDomain(curves.flatMap(({ points }) => points.flatMap(({ y, high }) => [y, high])));
    return linePanel(
      `n = ${size(settings).n}`,
      {
        x: { title: "condition number of the input covariance", domain: [0.8, 1300], log: true },
        y: { title: "excess test error", domain: y, log: true },
      },
      curves,
      "± 2 standard errors",
      layout,
    );
  },
  table: (settings, results) => ({
    caption: `Excess test error over ${size(settings).draws} draws.`,
    header: ["condition number", ...methods.map(({ label }) => label)],
    rows: conds.map((cond) => [short(cond), ...methods.map(({ id }) => short(measured(settings, results, cond, id)?.excess))]),
  }),
  claims: [gapGrows],
};
