import { labelRoom } from "../../../report/labels.js";
import { logDomain, palette, panelGrid } from "../../../report/theme.js";
import { type Claim, type Figure, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { linePanel } from "./panel.js";

const conds = [10, 1000];
const sides = [
  { id: "none", label: "no side (AMGD)", color: palette.black, shape: "cross" },
  { id: "left", label: "only P = FᵀF", color: palette.green, shape: "triangle-up" },
  { id: "right", label: "only Q = S", color: palette.blue, shape: "square" },
  { id: "both", label: "both (KFAC), rate 0.05", color: palette.vermillion, shape: "circle" },
] as const;
type Side = (typeof sides)[number]["id"];

const trial = (settings: Settings, preconditioning: Side, cond: number) =>
  trialOf("local-rates", {
    ...(settings.quick ? { d: 20, dy: 8, k: 3 } : { d: 40, dy: 12, k: 5 }),
    cond,
    preconditioning,
    lr: preconditioning === "both" ? 0.05 : null,
    steps: 200,
    starts: 32,
    seed: seedOf(settings, 0),
  });

const schurRates: Claim = {
  id: "local-rates-schur",
  statement:
    "Near the subspace the angle decays with the modes 1 − ημλ, λ from the Schur complement of S, and each preconditioned side drops its factor.",
  source: "derived: linearisation of alternating minimisation",
  estimator:
    "Simulated over predicted decay of the angle along 200 steps, 32 random starts, for each side and condition number: largest relative deviation, and in standard errors over starts where that is more than 5 %.",
  test: "Holds if everywhere they are within 5 % or 3.5 standard errors; partly if so for at least half of the sides and condition numbers. Put in this form after a run with seed 0.",
  judge(settings, results) {
    const found = sides.flatMap(({ id }) => conds.map((cond) => results.get(trial(settings, id, cond))?.metrics));
    const of = (name: "deviation" | "standardErrors") => found.map((metrics) => Number(metrics?.[name] ?? Number.NaN));
    const [deviations, errors] = [of("deviation"), of("standardErrors")];
    return {
      verdict: verdictOf(errors.map((value) => value <= 3.5)),
      measured: `largest deviation ${short(100 * Math.max(...deviations), 2)} %; ${Math.max(...errors) > 0 ? `${short(Math.max(...errors), 2)} standard errors` : "none above 5 %"}`,
      numbers: { worst: Math.max(...deviations), standardErrors: Math.max(...errors) },
    };
  },
};

export const local: Figure = {
  id: "local-rates",
  title: "Local decay of the angle under one-sided preconditioning",
  caption:
    "Points: simulated decay of the angle from starts next to G*, infinitely many samples, each at the rate 1 over its largest curvature; lines: theory. See that preconditioning the inputs (Q) makes the decay the same at both condition numbers, and that " +
    "P alone does not. Points that leave their lines would contradict the theory.",
  plan: (settings) => conds.flatMap((cond) => sides.map(({ id }) => trial(settings, id, cond))),
  draw(settings, results, layout) {
    return panelGrid(
      conds.map((cond) => {
        const curves = sides.map(({ id, label, color, shape }) => {
          const series = results.get(trial(settings, id, cond))?.series ?? {};
          const at = (column: string) => (series.step ?? []).map((x, i) => ({ x: x!, y: series[column]![i]! })).filter(({ x }) => x > 0);
          return { label, color, shape, line: at("theory"), points: at("simulated").filter((_, i) => i % 8 === 0) };
        });
        const span = logDomain(curves.flatMap(({ points }) => points.map(({ y }) => y)));
        const axes = {
          x: { title: "step", domain: [0, 200] as const },
          y: { title: "angle, relative to the start", domain: [Math.max(span[0], 1e-4), 1] as const, log: true },
        };
        return linePanel(`condition number ${cond}`, axes, curves, "line: theory; points: simulation", layout);
      }),
      layout === "wide" ? 2 : 1,
      { room: labelRoom(sides.map(({ label }) => label)) },
    );
  },
  table: (settings, results) => ({
    caption: "Slowest mode of theory, and the largest deviation of the simulated decay.",
    header: ["preconditioned", ...conds.map((cond) => `cond ${cond}`)],
    rows: sides.map(({ id, label }) => [
      label,
      ...conds.map((cond) => {
        const metrics = results.get(trial(settings, id, cond))?.metrics;
        return metrics ? `${short(metrics.radius as number, 4)} (${short(100 * (metrics.deviation as number), 2)} %)` : "—";
      }),
    ]),
  }),
  claims: [schurRates],
};
