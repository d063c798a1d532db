import type { Spec } from "../../report/chart.js";
import { endLabels } from "../../report/labels.js";
import { type Layout, logAxis, logDomain, palette } from "../../report/theme.js";
import type { Trial } from "../executor.js";
import { logRatioInterval, meanInterval } from "../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "./figure.js";

const methods = [
  { id: "randomFeatures", label: "random features", color: palette.black, shape: "cross", dash: [4, 4] },
  { id: "sgd", label: "SGD step", color: palette.blue, shape: "square", dash: [6, 2, 2, 2] },
  { id: "kfac", label: "KFAC step", color: palette.vermillion, shape: "circle", dash: [1, 0] },
] as const;

type MethodId = (typeof methods)[number]["id"];

const size = (settings: Settings) =>
  settings.quick
    ? { d: 100, hidden: 200, draws: 16, samples: [200, 400, 800, 1600] }
    : { d: 200, hidden: 400, draws: 24, samples: [400, 800, 1600, 3200] };

function trial(settings: Settings, n: number): Trial {
  const { d, hidden, draws } = size(settings);
  return trialOf("single-index-generalization", { d, hidden, draws, n, spectrum: "log", cond: 100, seed: seedOf(settings, 0) });
}

interface Measured {
  readonly excess: number;
  readonly standardError: number;
  /** Excess error of each draw; the i-th draws of all methods and of all n belong together. */
  readonly draws: readonly number[];
}

function measured(settings: Settings, results: Results, n: number, method: MethodId): Measured | undefined {
  const value = results.get(trial(settings, n))?.metrics[method] as Measured | undefined;
  return value && Number.isFinite(value.excess) ? value : undefined;
}

function draw(settings: Settings, results: Results, layout: Layout): Spec {
  const { samples } = size(settings);
  const values = samples.flatMap((n) =>
    methods.flatMap(({ id, label }) => {
      const found = measured(settings, results, n, id);
      if (!found) return [];
      const { excess, standardError } = found;
      return [{ method: label, n, excess, low: Math.max(excess - 2 * standardError, excess / 10), high: excess + 2 * standardError }];
    }),
  );
  const domain = methods.map(({ label }) => label);
  const span = logDomain(values.flatMap(({ low, high }) => [low, high]));
  const right = samples[samples.length - 1]! * 1.15;
  const x = {
    field: "n",
    type: "quantitative",
    scale: { type: "log", domain: [samples[0]! / 1.15, right] },
    axis: { title: "samples n of the first step and of the second layer", values: samples, format: "d" },
  };
  const y = (field: string) => ({
    field,
    type: "quantitative",
    scale: { type: "log", domain: span },
    axis: logAxis("excess test error", span),
  });
  const color = {
    field: "method",
    type: "nominal",
    scale: { domain, range: methods.map(({ color }) => color) },
    legend: { orient: "top", title: null },
  };
  const height = layout === "wide" ? 300 : 260;
  const ends = methods.flatMap(({ label, color }) => {
    const last = values.findLast(({ method }) => method === label);
    return last ? [{ label, color, y: last.excess }] : [];
  });
  return {
    width: layout === "wide" ? 460 : 230,
    height,
    data: { values },
    layer: [
      // Dashes are the marks' own: encoded, they would also be drawn around the symbols of the legend.
      ...methods.map(({ label, dash }) => ({
        data: { values: values.filter(({ method }) => method === label) },
        mark: { type: "line", strokeDash: dash },
        encoding: { x, y: y("excess"), color },
      })),
      { mark: { type: "rule", strokeWidth: 1.5 }, encoding: { x, y: y("low"), y2: { field: "high" }, color } },
      {
        mark: { type: "point", filled: true, size: 60, opacity: 1 },
        encoding: {
          x,
          y: y("excess"),
          color,
          shape: { field: "method", type: "nominal", scale: { domain, range: methods.map(({ shape }) => shape) } },
        },
      },
      endLabels(ends, x, right, y("excess"), { domain: span, log: true, height }),
    ],
  };
}

function triples(settings: Settings, results: Results) {
  return size(settings).samples.flatMap((n) => {
    const [random, sgd, kfac] = methods.map(({ id }) => measured(settings, results, n, id));
    return random && sgd && kfac ? [{ n, random, sgd, kfac }] : [];
  });
}

const order: Claim = {
  id: "generalization-order",
  statement: "After one step, KFAC features generalise better than SGD features, and both better than random ones.",
  source: "Zhang et al. 2025, single-index generalisation",
  estimator:
    "Log ratios of the excess test errors, KFAC over SGD and SGD over random features, paired over draws, at each n; second layer refit by ridge regression with validated penalty.",
  test: "Holds if at every n both 95 % confidence intervals lie below 0; partly if at least half of them do.",
  judge(settings, results) {
    const found = triples(settings, results);
    const last = found[found.length - 1];
    return {
      verdict: verdictOf(
        found.flatMap(({ random, sgd, kfac }) => [
          logRatioInterval(sgd.draws, random.draws).high < 0,
          logRatioInterval(kfac.draws, sgd.draws).high < 0,
        ]),
      ),
      measured: `at n = ${last?.n ?? "—"}: KFAC ${short(last?.kfac.excess)}, SGD ${short(last?.sgd.excess)}, random features ${short(last?.random.excess)}`,
      numbers: { kfac: last?.kfac.excess ?? null, sgd: last?.sgd.excess ?? null, randomFeatures: last?.random.excess ?? null },
    };
  },
};

const gapGrows: Claim = {
  id: "generalization-gap-grows",
  statement: "KFAC's advantage over SGD grows with the number of samples: more data does not cure the bias of the SGD step.",
  source: "Zhang et al. 2025; the SGD direction tends to Sβ*, not β*",
  estimator: "Log ratio of the excess test errors, SGD over KFAC, at the largest n minus that at the smallest, paired over draws.",
  test: "Holds if the 95 % confidence interval of this difference lies above 0; partly if only its mean does.",
  judge(settings, results) {
    const found = triples(settings, results);
    const [first, last] = [found[0], found[found.length - 1]];
    if (!first || !last) return noData;
    const logs = ({ sgd, kfac }: { sgd: Measured; kfac: Measured }) => sgd.draws.map((value, i) => Math.log(value / kfac.draws[i]!));
    const before = logs(first);
    const { mean, low, high } = meanInterval(logs(last).map((value, i) => value - before[i]!));
    const ratio = ({ sgd, kfac }: { sgd: Measured; kfac: Measured }) => sgd.excess / kfac.excess;
    return {
      verdict: low > 0 ? "holds" : mean > 0 ? "holds partly" : "does not hold",
      measured:
        `SGD / KFAC ${short(ratio(first))} at n = ${first.n}, ${short(ratio(last))} at n = ${last.n}; ` +
        `grows ${short(Math.exp(mean))}× [${short(Math.exp(low))}, ${short(Math.exp(high))}]`,
      numbers: { first: ratio(first), last: ratio(last), growth: Math.exp(mean) },
    };
  },
};

/** Figure 4. */
export const generalization: Figure = {
  id: "single-index-generalization",
  title: "Excess test error after one step on the first layer",
  caption:
    "Mean over draws with two standard errors. See that the KFAC step (red) is below the SGD step (blue), which is below random features (black), and " +
    "that the gap between KFAC and SGD widens with more samples. Lines that cross, or an SGD line that closes the gap as n grows, would contradict the paper.",
  // The largest problems first, so that none is left over at the end.
  plan: (settings) => [...size(settings).samples].reverse().map((n) => trial(settings, n)),
  draw,
  table: (settings, results) => ({
    caption: `Excess test error ± standard error over ${size(settings).draws} draws.`,
    header: ["n", ...methods.map(({ label }) => label)],
    rows: size(settings).samples.map((n) => [
      String(n),
      ...methods.map(({ id }) => {
        const value = measured(settings, results, n, id);
        return value ? `${short(value.excess)} ± ${short(value.standardError, 2)}` : "—";
      }),
    ]),
  }),
  claims: [order, gapGrows],
};
