import { palette, panelGrid } from "../../../report/theme.js";
import { type Claim, type Figure, noData, type Results, type Settings, short } from "../figure.js";
import { type MethodId, methods, metricOf, problem, rate, trial } from "../representation.js";

const compared = ["kfac", "adam", "amgd", "sgd"] as const satisfies readonly MethodId[];
const conds = [1, 10, 100, 1e3, 1e4];
const indices = [-6, -5, -4, -3, -2, -1, 0];

const steps = (settings: Settings, results: Results, method: MethodId, cond: number, index: number) =>
  metricOf(results, [trial(settings, method, cond, rate(index), 0)], "stepsTo0.1")[0] ?? null;

/** The largest factor by which a rate, the best one in this respect, is slower than the best rate at each condition number. */
function regret(settings: Settings, results: Results, method: MethodId): { rate: number; factor: number } {
  const table = conds.map((cond) => indices.map((index) => steps(settings, results, method, cond, index) ?? Number.POSITIVE_INFINITY));
  const best = table.map((row) => Math.min(...row));
  const factors = indices.map((_, j) =>
    Math.max(...table.map((row, i) => (Number.isFinite(best[i]) ? row[j]! / best[i]! : Number.POSITIVE_INFINITY))),
  );
  const at = factors.indexOf(Math.min(...factors));
  return { rate: rate(indices[at]!), factor: factors[at]! };
}

const oneRate: Claim = {
  id: "kfac-one-rate-fits-all",
  statement: "One learning rate of KFAC is good at every condition number; no rate of Adam, AMGD or SGD is.",
  source: "Zhang et al. 2025: the rate of KFAC does not depend on the covariance",
  estimator: `Steps to distance 0.1 over ${indices.length} rates and ${conds.length} condition numbers, one trial each; for each method the rate whose worst factor to the best rate at the same condition number is least.`,
  test: "Holds if that factor is at most 1.5 for KFAC and more than 3, or the distance is not reached at some condition number, for the others; partly if only the first.",
  judge(settings, results) {
    const found = compared.map((method) => ({ method, ...regret(settings, results, method) }));
    const [kfac, ...others] = found;
    if (!kfac || results.all(oneRateTrials(settings)).length === 0) return noData;
    const good = kfac.factor <= 1.5;
    return {
      verdict: good ? (others.every(({ factor }) => factor > 3) ? "holds" : "holds partly") : "does not hold",
      measured: found
        .map(
          ({ method, rate, factor }) =>
            `${methods[method].label} ${Number.isFinite(factor) ? `${short(factor, 2)}× at rate ${short(rate)}` : "no rate"}`,
        )
        .join("; "),
      numbers: Object.fromEntries(found.map(({ method, factor }) => [method, Number.isFinite(factor) ? factor : null])),
    };
  },
};

const oneRateTrials = (settings: Settings) =>
  compared.flatMap((method) => conds.flatMap((cond) => indices.map((index) => trial(settings, method, cond, rate(index), 0))));

export const rateMap: Figure = {
  id: "rate-map",
  title: "Steps to distance 0.1 over learning rate and condition number",
  caption:
    "Darker is faster; grey: not reached, or diverged. See KFAC's columns alike from top to bottom, so that one rate serves every condition number, while the good rates of the others shift and vanish. " +
    "Columns of KFAC that fade towards the bottom would contradict the paper.",
  plan: oneRateTrials,
  draw(settings, results, layout) {
    const budget = problem(settings).steps;
    const panels = compared.map((method) => {
      const values = conds.flatMap((cond) =>
        indices.map((index) => ({ cond: short(cond), rate: String(rate(index)), steps: steps(settings, results, method, cond, index) })),
      );
      const axis = (field: string, order: readonly string[], title: string) => ({
        field,
        type: "ordinal",
        sort: order,
        axis: { title, labelAngle: 0 },
      });
      return {
        title: methods[method].label,
        width: layout === "wide" ? 260 : 300,
        height: 170,
        data: { values },
        mark: { type: "rect", stroke: "white" },
        encoding: {
          x: axis(
            "rate",
            indices.map((index) => String(rate(index))),
            "learning rate",
          ),
          y: axis(
            "cond",
            conds.map((cond) => short(cond)),
            "condition number",
          ),
          color: {
            condition: { test: "datum.steps === null", value: "#dddddd" },
            field: "steps",
            type: "quantitative",
            scale: { type: "log", domain: [1, budget], range: [palette.black, palette.blue, "#e6f0f7"] },
            legend: { title: "steps" },
          },
        },
      };
    });
    return panelGrid(panels, layout === "wide" ? 2 : 1);
  },
  table: (settings, results) => ({
    caption: "The rate that serves all condition numbers best, and its worst factor to the best rate at one of them.",
    header: ["method", "rate", "factor"],
    rows: compared.map((method) => {
      const { rate, factor } = regret(settings, results, method);
      return [methods[method].label, Number.isFinite(factor) ? short(rate) : "—", short(factor)];
    }),
  }),
  claims: [oneRate],
};
