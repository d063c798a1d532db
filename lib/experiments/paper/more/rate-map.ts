import { palette, panelGrid } from "../../../report/theme.js";
import { meanInterval, median } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, short } from "../figure.js";
import { type MethodId, methodOf, metricOf, problem, rate, shownSeeds, trial, tuningSeeds } from "../representation.js";

const compared = ["kfac", "shampoo", "soap", "muon", "adam", "amgd", "sgd", "sgdHidden", "sgdInput"] as const satisfies readonly MethodId[];
/** Those of the claim; the others are shown. */
const claimed = ["kfac", "adam", "amgd", "sgd"] as const satisfies readonly MethodId[];
const conds = [1, 10, 100, 1e3, 1e4];
const indices = [-6, -5, -4, -3, -2, -1, 0];

/** The trials of a cell of the map, on the seeds on which rates are chosen. */
const cell = (settings: Settings, method: MethodId, cond: number, index: number) =>
  tuningSeeds(settings).map((seed) => trial(settings, method, cond, rate(index), seed));

const infinite = (values: readonly (number | null)[]) => values.map((value) => value ?? Number.POSITIVE_INFINITY);

/** Median steps to distance 0.1 of a cell; infinite where it was not reached. */
const steps = (settings: Settings, results: Results, method: MethodId, cond: number, index: number) =>
  median(infinite(metricOf(results, cell(settings, method, cond, index), "stepsTo0.1")));

const argmin = (values: readonly number[]) => values.indexOf(Math.min(...values));

/** The best rate at each condition number (null where none arrives), and the one whose worst factor to them is least. */
function chosen(settings: Settings, results: Results, method: MethodId) {
  const table = conds.map((cond) => indices.map((index) => steps(settings, results, method, cond, index)));
  const best = table.map(argmin);
  const factors = indices.map((_, j) => Math.max(...table.map((row, i) => row[j]! / row[best[i]!]!)));
  const arrives = table.every((row, i) => Number.isFinite(row[best[i]!]));
  return {
    best: best.map((j, i) => (Number.isFinite(table[i]![j]) ? indices[j]! : null)),
    one: arrives ? indices[argmin(factors)]! : null,
  };
}

const shown = (settings: Settings, method: MethodId, cond: number, index: number) =>
  shownSeeds(settings).map((seed) => trial(settings, method, cond, rate(index), seed));

/** The shown trials at the one rate and at the best rates; empty before the map has been run, and where no rate arrives everywhere. */
function shownTrials(settings: Settings, results: Results, method: MethodId) {
  if (!map(settings).every((one) => results.has(one))) return [];
  const { best, one } = chosen(settings, results, method);
  if (one === null) return [];
  return conds.map((cond, i) => ({ one: shown(settings, method, cond, one), best: shown(settings, method, cond, best[i]!) }));
}

/**
 * How much slower the one rate is than the best at the condition number where that is worst: a mean factor over the shown seeds with its
 * interval. null: no rate arrives at some condition number.
 */
function price(settings: Settings, results: Results, method: MethodId) {
  const { one } = chosen(settings, results, method);
  if (one === null) return null;
  const factors = shownTrials(settings, results, method).map(({ one, best }) => {
    // A run that does not arrive counts with the whole budget: a lower bound.
    const [a, b] = [one, best].map((trials) => metricOf(results, trials, "stepsTo0.1"));
    const { mean, low, high } = meanInterval(a!.map((value, i) => Math.log((value ?? problem.steps) / (b![i] ?? problem.steps))));
    return { mean, low, high: a!.includes(null) ? Number.POSITIVE_INFINITY : high };
  });
  return { rate: rate(one), ...factors.reduce((worst, factor) => (factor.mean > worst.mean ? factor : worst)) };
}

const oneRate: Claim = {
  id: "kfac-one-rate-fits-all",
  statement: "One learning rate of KFAC is good at every condition number; no rate of Adam, AMGD or SGD is.",
  source: "Zhang et al. 2025: the rate of KFAC does not depend on the covariance",
  estimator: `On ${indices.length} rates and ${conds.length} condition numbers, the rate whose worst factor of median steps to distance 0.1, to the best rate at the same condition number, is least, chosen on seeds that are not shown; on the shown seeds the mean log of that factor, paired, where it is worst.`,
  test: "Holds if its 95 % interval lies below log 1.5 for KFAC, and for each of the others above log 3, or some condition number is reached with no rate; partly if only the first.",
  judge(settings, results) {
    const found = claimed.map((method) => ({ method, price: price(settings, results, method) }));
    const [kfac, ...others] = found;
    if (results.all(map(settings)).length === 0) return noData;
    const good = kfac!.price !== null && kfac!.price.high < Math.log(1.5);
    const bad = others.every(({ price }) => price === null || price.low > Math.log(3));
    const factor = (value: number) => short(Math.exp(value), 2);
    return {
      verdict: good ? (bad ? "holds" : "holds partly") : "does not hold",
      measured: found
        .map(({ method, price }) =>
          price
            ? `${methodOf(method).label} ${factor(price.mean)}× [${factor(price.low)}, ${factor(price.high)}] at rate ${short(price.rate)}`
            : `${methodOf(method).label} no rate`,
        )
        .join("; "),
      numbers: Object.fromEntries(found.map(({ method, price }) => [method, price ? Math.exp(price.mean) : null])),
    };
  },
};

const map = (settings: Settings) =>
  compared.flatMap((method) => conds.flatMap((cond) => indices.flatMap((index) => cell(settings, method, cond, index))));

export const rateMap: Figure = {
  id: "rate-map",
  title: "Steps to distance 0.1 over learning rate and condition number",
  caption:
    "Median over the seeds on which rates are chosen; darker is faster; grey: not reached, or diverged. See KFAC's columns alike from top to bottom, so that one rate serves every condition number, while the good rates of the others, with batch norm too, shift and vanish. " +
    "Columns of KFAC that fade towards the bottom would contradict the paper.",
  plan: (settings, results) => [
    ...map(settings),
    ...claimed.flatMap((method) => shownTrials(settings, results, method).flatMap(({ one, best }) => [...one, ...best])),
  ],
  draw(settings, results, layout) {
    const panels = compared.map((method) => {
      const values = conds.flatMap((cond) =>
        indices.map((index) => {
          const value = steps(settings, results, method, cond, index);
          return { cond: short(cond), rate: String(rate(index)), steps: Number.isFinite(value) ? value : null };
        }),
      );
      const axis = (field: string, order: readonly string[], title: string) => ({
        field,
        type: "ordinal",
        sort: order,
        axis: { title, labelAngle: 0 },
      });
      return {
        title: methodOf(method).label,
        width: layout === "wide" ? 260 : 300,
        height: 170,
        data: { values },
        mark: { type: "rect", stroke: "white", invalid: null },
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
            condition: { test: "!isValid(datum.steps)", value: "#dddddd" },
            field: "steps",
            type: "quantitative",
            scale: { type: "log", domain: [1, problem.steps], range: [palette.black, palette.blue, "#e6f0f7"] },
            legend: { title: "steps", format: "d", values: [1, 10, 100, 1000] },
          },
        },
      };
    });
    return panelGrid(panels, layout === "wide" ? 2 : 1);
  },
  table: (settings, results) => ({
    caption: `The rate that serves all condition numbers best, and the best rate at each of ${conds.map((cond) => short(cond)).join(", ")} (— where none arrives).`,
    header: ["method", "rate", "best rates"],
    rows: compared.map((method) => {
      const { best, one } = chosen(settings, results, method);
      const rates = best.map((index) => (index === null ? "—" : short(rate(index))));
      return [methodOf(method).label, one === null ? "none" : short(rate(one)), rates.join(", ")];
    }),
  }),
  claims: [oneRate],
};
