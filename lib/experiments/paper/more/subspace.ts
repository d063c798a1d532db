import { palette } from "../../../report/theme.js";
import { mean, meanInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf } from "../figure.js";
import { linePanel } from "./panel.js";

const size = (settings: Settings) =>
  settings.quick
    ? { d: 16, hidden: 64, samples: [1000, 4000, 16_000, 64_000] }
    : { d: 24, hidden: 96, samples: [2000, 8000, 32_000, 128_000] };
const trial = (settings: Settings, n: number) => {
  const { d, hidden } = size(settings);
  return trialOf("multi-index", { d, hidden, n, cond: 30, draws: 8, seed: seedOf(settings, 0) });
};

interface Measured {
  sgd: { draws: number[] };
  kfac: { draws: number[] };
  sgdLimit: number;
}
const measured = (settings: Settings, results: Results, n: number) =>
  results.get(trial(settings, n))?.metrics as unknown as Measured | undefined;

const kfacFinds: Claim = {
  id: "multi-index-subspace",
  statement:
    "On a target of several directions the first KFAC step tends to their span as n grows; the SGD step tends to another subspace, S·span(B).",
  source: "derived: Stein's lemma, E[y xxᵀ] ∝ S B Bᵀ S",
  estimator:
    "Distance between the span of the directions and the leading singular directions of the step, at the smallest and the largest n, on 8 draws.",
  test:
    "Holds if at the largest n the 95 % confidence interval of SGD − KFAC, paired over draws, lies above 0, KFAC's mean is at most half of that at the smallest n, and SGD's is within 15 % of its limit; " +
    "partly if at least the first.",
  judge(settings, results) {
    const { samples } = size(settings);
    const [first, last] = [measured(settings, results, samples[0]!), measured(settings, results, samples[samples.length - 1]!)];
    if (!first || !last) return noData;
    const difference = meanInterval(last.sgd.draws.map((value, i) => value - last.kfac.draws[i]!));
    const [sgd, kfac, before] = [mean(last.sgd.draws), mean(last.kfac.draws), mean(first.kfac.draws)];
    const better = difference.low > 0;
    const rest = kfac <= before / 2 && Math.abs(sgd / last.sgdLimit - 1) <= 0.15;
    return {
      verdict: better ? (rest ? "holds" : "holds partly") : "does not hold",
      measured: `KFAC ${short(before)} → ${short(kfac)}, SGD ${short(mean(first.sgd.draws))} → ${short(sgd)} (limit ${short(last.sgdLimit)}); difference in [${short(difference.low)}, ${short(difference.high)}]`,
      numbers: { kfac, sgd, limit: last.sgdLimit },
    };
  },
};

const styles = [
  { id: "sgd", label: "SGD step", color: palette.blue, shape: "square" },
  { id: "kfac", label: "KFAC step", color: palette.vermillion, shape: "circle" },
] as const;

export const subspace: Figure = {
  id: "multi-index",
  title: "Multi-index target: distance of the first step's directions from the true ones",
  caption:
    "Mean over draws with 95 % intervals, condition number 30; the dashed line is SGD's limit (theory). See KFAC fall with more samples while SGD stays at its limit. A KFAC line that levels off near SGD's would contradict the theory.",
  plan: (settings) => [...size(settings).samples].reverse().map((n) => trial(settings, n)),
  draw(settings, results, layout) {
    const { samples } = size(settings);
    const [low, high] = [samples[0]! / 1.3, samples[samples.length - 1]! * 1.3];
    const curves = styles.map(({ id, label, color, shape }) => ({
      label,
      color,
      shape,
      points: samples.flatMap((n) => {
        const draws = measured(settings, results, n)?.[id].draws;
        if (!draws) return [];
        const { mean: y, low, high } = meanInterval(draws);
        return [{ x: n, y, low, high }];
      }),
    }));
    const limit = measured(settings, results, samples[0]!)?.sgdLimit ?? Number.NaN;
    const line = {
      label: "SGD, n → ∞ (theory)",
      color: palette.grey,
      shape: "cross",
      dash: [4, 3],
      line: [low, high].map((x) => ({ x, y: limit })),
    };
    return linePanel(
      "two hidden directions",
      {
        x: { title: "samples n of the step", domain: [low, high], log: true },
        y: { title: "distance (sine of the largest angle)", domain: [0, 1] },
      },
      [...curves, line],
      "mean, 95 % interval",
      layout,
    );
  },
  table: (settings, results) => ({
    caption: "Mean distance over 8 draws.",
    header: ["n", ...styles.map(({ label }) => label)],
    rows: size(settings).samples.map((n) => [
      String(n),
      ...styles.map(({ id }) => short(mean(measured(settings, results, n)?.[id].draws ?? []))),
    ]),
  }),
  claims: [kfacFinds],
};
