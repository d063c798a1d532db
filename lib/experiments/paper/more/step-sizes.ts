import { labelRoom } from "../../../report/labels.js";
import { logDomain, palette, panelGrid } from "../../../report/theme.js";
import { mean, meanInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { linePanel } from "./panel.js";

const exponents = [-0.5, 0, 0.25, 0.5, 0.75];
const methods = [
  { id: "sgd", label: "SGD step", color: palette.blue, shape: "square" },
  { id: "kfac", label: "KFAC step", color: palette.vermillion, shape: "circle" },
] as const;
type MethodId = (typeof methods)[number]["id"];

const size = (settings: Settings) =>
  settings.quick ? { d: 60, hidden: 120, n: 1000, draws: 6 } : { d: 100, hidden: 200, n: 1600, draws: 12 };
const trial = (settings: Settings, method: MethodId, exponent: number) =>
  trialOf("single-index-steps", { ...size(settings), method, exponent, seed: seedOf(settings, 0) });
const draws = (settings: Settings, results: Results, method: MethodId, exponent: number, of: "spikes" | "excess") =>
  (results.get(trial(settings, method, exponent))?.metrics[of] as unknown as { draws: number[] } | undefined)?.draws ?? [];

const regimes: Claim = {
  id: "features-need-long-steps",
  statement:
    "Steps of size n^a leave the first layer as it is for a < 0, add spikes from an a between 0 and ¼ on, and lower the test error only when pre-activations change (a near ½); there KFAC's features are the better ones.",
  source: "Ba et al. 2022, arXiv 2205.01445 (regimes); Zhang et al. 2025 (KFAC against SGD)",
  estimator: "Spikes and excess test errors, same draws at every a.",
  test: "Holds if there are no spikes at a = −½, for both methods more at each a from 0 on, the error at a = ½ is lower than at −½ and KFAC's at ½ lower than SGD's (95 % intervals of paired log ratios); partly if at least half of these.",
  judge(settings, results) {
    const spikes = (method: MethodId, a: number) => mean(draws(settings, results, method, a, "spikes"));
    const ratio = (a: [MethodId, number], b: [MethodId, number]) => {
      const other = draws(settings, results, ...b, "excess");
      return meanInterval(draws(settings, results, ...a, "excess").map((value, i) => Math.log(value / other[i]!)));
    };
    if (methods.some(({ id }) => exponents.some((a) => draws(settings, results, id, a, "excess").length === 0))) return noData;
    const against = ratio(["kfac", 0.5], ["sgd", 0.5]);
    const checks = methods.flatMap(({ id }) => [
      spikes(id, -0.5) === 0,
      spikes(id, 0.25) > spikes(id, 0) && spikes(id, 0.5) > spikes(id, 0.25) && spikes(id, 0.75) > spikes(id, 0.5),
      ratio([id, 0.5], [id, -0.5]).high < 0,
    ]);
    return {
      verdict: verdictOf([...checks, against.high < 0]),
      measured:
        `spikes ${methods.map(({ id, label }) => `${label}: ${exponents.map((a) => short(spikes(id, a), 2)).join(", ")}`).join("; ")} at a = ${exponents.join(", ")}; ` +
        `error KFAC / SGD at ½ ${short(Math.exp(against.mean), 2)} [${short(Math.exp(against.low), 2)}, ${short(Math.exp(against.high), 2)}]`,
      numbers: { ratioAtHalf: Math.exp(against.mean) },
    };
  },
};

export const stepSizes: Figure = {
  id: "step-sizes",
  title: "Step size nᵃ of the first step: test error and spikes",
  caption:
    "Mean over draws with 95 % intervals. Left: excess test error after refitting the second layer. Right: singular values of the first layer that have left the bulk (plus one, on a log axis). See nothing happen for a < 0, little at 0, where nothing has left the bulk yet, and the error fall " +
    "with the spikes as a nears ½, further for KFAC. An error that falls to the half before the first spike would contradict the picture.",
  plan: (settings) => exponents.flatMap((a) => methods.map(({ id }) => trial(settings, id, a))),
  draw(settings, results, layout) {
    const curves = (of: "spikes" | "excess", shift: number) =>
      methods.map(({ id, label, color, shape }) => ({
        label,
        color,
        shape,
        points: exponents.flatMap((x) => {
          const { mean: y, low, high } = meanInterval(draws(settings, results, id, x, of));
          return Number.isFinite(y) ? [{ x, y: y + shift, low: low + shift, high: high + shift }] : [];
        }),
      }));
    const x = { title: "exponent a of the step size nᵃ", domain: [-0.6, 0.85] as const, values: exponents };
    const [excess, spikes] = [curves("excess", 0), curves("spikes", 1)];
    const span = (of: typeof excess) => logDomain(of.flatMap(({ points }) => points.flatMap(({ y, high }) => [y, high])));
    return panelGrid(
      [
        linePanel(
          "error",
          { x, y: { title: "excess test error", domain: span(excess), log: true } },
          excess,
          "mean, 95 % interval",
          layout,
        ),
        linePanel("spikes", { x, y: { title: "spikes + 1", domain: span(spikes), log: true } }, spikes, "mean, 95 % interval", layout),
      ],
      layout === "wide" ? 2 : 1,
      { room: labelRoom(methods.map(({ label }) => label)) },
    );
  },
  table: (settings, results) => ({
    caption: "Excess test error (spikes).",
    header: ["a", ...methods.map(({ label }) => label)],
    rows: exponents.map((a) => [
      String(a),
      ...methods.map(
        ({ id }) => `${short(mean(draws(settings, results, id, a, "excess")))} (${short(mean(draws(settings, results, id, a, "spikes")))})`,
      ),
    ]),
  }),
  claims: [regimes],
};
