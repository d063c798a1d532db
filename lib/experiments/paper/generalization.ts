import type { Spec } from "../../report/chart.js";
import { type Layout, logAxis, logDomain, palette } from "../../report/theme.js";
import type { Trial } from "../executor.js";
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
  const ends: [number, number] = [samples[0]! / 1.15, samples[samples.length - 1]! * 1.15];
  const x = {
    field: "n",
    type: "quantitative",
    scale: { type: "log", domain: ends },
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
  return {
    width: layout === "wide" ? 460 : 300,
    height: layout === "wide" ? 300 : 260,
    data: { values },
    layer: [
      {
        mark: { type: "line" },
        encoding: {
          x,
          y: y("excess"),
          color,
          strokeDash: { field: "method", type: "nominal", scale: { domain, range: methods.map(({ dash }) => dash) } },
        },
      },
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
    ],
  };
}

/** (a − b) in units of its standard error, as if independent. */
const separation = (a: Measured, b: Measured) => (a.excess - b.excess) / Math.hypot(a.standardError, b.standardError);

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
  estimator: "Excess test error over fresh draws, second layer refit by ridge regression with validated penalty.",
  test: "Holds if at every n KFAC < SGD < random features, each by more than 2 standard errors; partly if in at least half of these comparisons.",
  judge(settings, results) {
    const found = triples(settings, results);
    const last = found[found.length - 1];
    return {
      verdict: verdictOf(found.flatMap(({ random, sgd, kfac }) => [separation(random, sgd) > 2, separation(sgd, kfac) > 2])),
      measured: `at n = ${last?.n ?? "—"}: KFAC ${short(last?.kfac.excess)}, SGD ${short(last?.sgd.excess)}, random features ${short(last?.random.excess)}`,
      numbers: { kfac: last?.kfac.excess ?? null, sgd: last?.sgd.excess ?? null, randomFeatures: last?.random.excess ?? null },
    };
  },
};

const gapGrows: Claim = {
  id: "generalization-gap-grows",
  statement: "KFAC's advantage over SGD grows with the number of samples: more data does not cure the bias of the SGD step.",
  source: "Zhang et al. 2025; the SGD direction tends to Sβ*, not β*",
  estimator: "Ratio of the excess test errors, SGD over KFAC, at the smallest and the largest n.",
  test: "Holds if the ratio at the largest n exceeds that at the smallest by more than 2 standard errors (delta method); partly if it is larger.",
  judge(settings, results) {
    const found = triples(settings, results);
    const ratio = ({ sgd, kfac }: { sgd: Measured; kfac: Measured }) => ({
      value: sgd.excess / kfac.excess,
      error: (sgd.excess / kfac.excess) * Math.hypot(sgd.standardError / sgd.excess, kfac.standardError / kfac.excess),
    });
    const [first, last] = [found[0], found[found.length - 1]];
    if (!first || !last) return noData;
    const [a, b] = [ratio(first), ratio(last)];
    const z = (b.value - a.value) / Math.hypot(a.error, b.error);
    return {
      verdict: z > 2 ? "holds" : z > 0 ? "holds partly" : "does not hold",
      measured: `SGD / KFAC ${short(a.value)} at n = ${first.n}, ${short(b.value)} at n = ${last.n}`,
      numbers: { first: a.value, last: b.value },
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
