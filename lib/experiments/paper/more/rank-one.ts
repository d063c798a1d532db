import { labelRoom } from "../../../report/labels.js";
import { logDomain, palette, panelGrid } from "../../../report/theme.js";
import { logRatioInterval, meanInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, ratio, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { linePanel } from "./panel.js";

const multiples = [1, 2, 4, 8, 16, 32];
const shapes = [
  { d: 50, hidden: 200, short: "d = 50", color: palette.sky, shape: "triangle-up" },
  { d: 100, hidden: 200, short: "d = 100", color: palette.blue, shape: "square" },
  { d: 200, hidden: 200, short: "d = 200", color: palette.vermillion, shape: "circle" },
  { d: 100, hidden: 800, short: "… wide", color: palette.green, shape: "diamond" },
] as const;
type Shape = (typeof shapes)[number];
const [narrow, wide] = [shapes[1], shapes[3]];
const methods = [
  { id: "sgd", label: "SGD step" },
  { id: "kfac", label: "KFAC step, λ = 0.1" },
] as const;
type MethodId = (typeof methods)[number]["id"];

/** Draws are of one stream for every n of a shape. */
const trial = (settings: Settings, { d, hidden }: Shape, multiple: number) =>
  trialOf("single-index-rank-one", {
    d,
    hidden,
    n: multiple * d,
    draws: settings.quick ? 6 : 12,
    cond: 10,
    seed: seedOf(settings, 800 + shapes.findIndex((shape) => shape.d === d && shape.hidden === hidden)),
  });

const errors = (settings: Settings, results: Results, shape: Shape, multiple: number, method: MethodId) =>
  (results.get(trial(settings, shape, multiple))?.metrics[method] as unknown as { operator: { draws: number[] } } | undefined)?.operator
    .draws;

/** Log ratio of independent groups of draws (of different shapes): a over b. */
function independent(a: readonly number[], b: readonly number[]) {
  const [x, y] = [a, b].map((values) => meanInterval(values.map(Math.log)));
  const half = Math.hypot(x!.high - x!.mean, y!.high - y!.mean);
  const mean = x!.mean - y!.mean;
  return { mean, low: mean - half, high: mean + half };
}

const nearlyRankOne: Claim = {
  id: "first-step-rank-one",
  statement:
    "The first step is nearly of rank one: its distance from −α f βᵀ in operator norm falls with n and with the dimension, for SGD and KFAC, and does not grow with the width.",
  source: "Ba et al. 2022, arXiv 2205.01445, Prop. 2 (SGD); derived for KFAC",
  estimator:
    "Log ratios of relative errors in operator norm: n = 32d over n = 2d (d = 100, paired over draws), d = 200 over d = 50 at n = 32d, and 800 over 200 hidden units (d = 100, n = 32d; other draws: errors are independent).",
  test: "Holds if for both methods the 95 % intervals of the first two lie below 0 and that of the third below log 1.25; partly if at least half of these six do. The bound on the third was set after pilot runs with other seeds.",
  conditions: "What is left at n → ∞ is the higher part of σ′, which falls with d only; in Frobenius norm the step is not of rank one.",
  judge(settings, results) {
    const found = methods.map(({ id, label }) => {
      const at = (shape: Shape, multiple: number) => errors(settings, results, shape, multiple, id);
      const cells = [at(narrow, 32), at(narrow, 2), at(shapes[2], 32), at(shapes[0], 32), at(wide, 32)];
      if (cells.some((cell) => cell === undefined)) return undefined;
      const [most, few, large, small, wider] = cells as number[][];
      return { label, samples: logRatioInterval(most!, few!), dimension: independent(large!, small!), width: independent(wider!, most!) };
    });
    if (found.some((value) => value === undefined)) return noData;
    return {
      verdict: verdictOf(
        found.flatMap((value) => [value!.samples.high < 0, value!.dimension.high < 0, value!.width.high < Math.log(1.25)]),
      ),
      measured: found
        .map(
          (value) =>
            `${value!.label}: with n ${ratio(value!.samples)}, with d ${ratio(value!.dimension)}, with the width ${ratio(value!.width)}`,
        )
        .join("; "),
      numbers: Object.fromEntries(found.map((value, i) => [methods[i]!.id, Math.exp(value!.dimension.mean)])),
    };
  },
};

export const rankOne: Figure = {
  id: "rank-one",
  title: "How nearly the first step has rank one",
  caption:
    "Mean over draws with 95 % intervals of ‖∇ + α f βᵀ‖/‖α f βᵀ‖ in operator norm, condition number 10. See the error fall with the samples to a level that is lower in more dimensions, and the same for more hidden units. " +
    "An error that stays, or grows with the width, would contradict that one step writes one direction.",
  plan: (settings) => shapes.flatMap((shape) => multiples.map((multiple) => trial(settings, shape, multiple))),
  draw(settings, results, layout) {
    const every = methods.flatMap(({ id }) =>
      shapes.flatMap((shape) => multiples.map((multiple) => meanInterval(errors(settings, results, shape, multiple, id) ?? []))),
    );
    const span = logDomain(every.flatMap(({ low, high }) => [low, high]));
    return panelGrid(
      methods.map(({ id, label }) =>
        linePanel(
          label,
          {
            x: { title: "samples over dimensions, n/d", domain: [0.9, 36], log: true },
            y: { title: "relative error, operator norm", domain: span, log: true },
          },
          shapes.map((shape) => ({
            label: `d = ${shape.d}, ${shape.hidden} hidden`,
            short: shape.short,
            color: shape.color,
            shape: shape.shape,
            points: multiples.flatMap((multiple) => {
              const draws = errors(settings, results, shape, multiple, id);
              if (!draws) return [];
              const { mean: y, low, high } = meanInterval(draws);
              return [{ x: multiple, y, low, high }];
            }),
          })),
          "mean, 95 % interval",
          layout,
        ),
      ),
      layout === "wide" ? 2 : 1,
      { room: labelRoom(shapes.map(({ short }) => short)) },
    );
  },
  table: (settings, results) => ({
    caption: "Relative error in operator norm: SGD / KFAC.",
    header: ["shape", ...multiples.map((multiple) => `n = ${multiple}d`)],
    rows: shapes.map((shape) => [
      `d = ${shape.d}, ${shape.hidden} hidden`,
      ...multiples.map((multiple) =>
        methods.map(({ id }) => short(meanInterval(errors(settings, results, shape, multiple, id) ?? []).mean, 2)).join(" / "),
      ),
    ]),
  }),
  claims: [nearlyRankOne],
};
