import { links } from "../../../models/single-index/index.js";
import { logSpectrum } from "../../../random/index.js";
import { logDomain, palette, panelGrid } from "../../../report/theme.js";
import { alignmentProblem, filteredAlignment } from "../../../theory/index.js";
import { mean, meanInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { linePanel } from "./panel.js";

const powers = [-1, -0.75, -0.5, -0.25, 0, 0.5, 1];
const errors = [
  { id: "train", label: "in distribution", color: palette.black, shape: "circle" },
  { id: "shifted", label: "turned covariance", color: palette.blue, shape: "square" },
  { id: "corrupted", label: "corrupted inputs", color: palette.green, shape: "diamond" },
  { id: "transfer", label: "transfer to another link", color: palette.vermillion, shape: "triangle-up" },
] as const;
type ErrorId = (typeof errors)[number]["id"];

const size = (settings: Settings) =>
  settings.quick ? { d: 60, hidden: 120, n: 1000, draws: 12 } : { d: 100, hidden: 200, n: 1600, draws: 48 };
const stepSizes = [1, 3, 10];
const [cond, sigma, noise] = [100, "he1+he2", 0.3] as const;
const problem = (settings: Settings) => {
  const { d, n } = size(settings);
  return alignmentProblem({ spectrum: logSpectrum(d, cond), phi: d / n, link: links[sigma].value, noise });
};
const trial = (settings: Settings, power: number, stepRms: number, seed: number) => {
  const { draws, ...shape } = size(settings);
  // Half of the draws are enough to choose a step size.
  return trialOf("covariance-power", {
    ...shape,
    power,
    stepRms,
    cond,
    sigma,
    noise,
    draws: seed === 0 ? draws : draws / 2,
    seed: seedOf(settings, seed),
  });
};

/** A power with the step size of least error in distribution, chosen on other draws: the trials needed so far, and the shown one. */
function tuned(settings: Settings, results: Results, power: number) {
  const grid = stepSizes.map((stepRms) => trial(settings, power, stepRms, 50));
  if (!grid.every((one) => results.has(one))) return { plan: grid };
  const errors = grid.map(
    (one) => (results.get(one)?.metrics.train as unknown as { excess: number } | undefined)?.excess ?? Number.POSITIVE_INFINITY,
  );
  const stepRms = stepSizes[errors.indexOf(Math.min(...errors))]!;
  const best = trial(settings, power, stepRms, 0);
  return { plan: [...grid, best], stepRms, best };
}
const metric = (settings: Settings, results: Results, power: number, id: ErrorId | "alignment"): unknown => {
  const { best } = tuned(settings, results, power);
  return best && results.get(best)?.metrics[id];
};
const draws = (settings: Settings, results: Results, power: number, id: ErrorId) =>
  (metric(settings, results, power, id) as { draws: number[] } | undefined)?.draws;
const alignment = (settings: Settings, results: Results, power: number) =>
  metric(settings, results, power, "alignment") as { simulated: number; standardError: number; theory: number } | undefined;

const whiteningGeneralises: Claim = {
  id: "whitening-generalises",
  statement:
    "Whitening (p = −1) generalises better than the plain gradient (p = 0): in distribution, under a turned covariance, under corrupted inputs and after transfer.",
  source: "arXiv 2509.25637, asked here with tuned step sizes, rotated covariances and converged second layers",
  estimator:
    "Log ratio of mean squared errors, p = −1 over p = 0, on the same draws, for each of the four errors; step sizes chosen for each p by the error in distribution on other draws.",
  test: "Holds if the 95 % confidence interval of the mean log ratio lies below 0 for all four errors; partly if for at least one.",
  conditions:
    "Errors for which it does not hold are named in the measurement: weight on directions of small variance makes a network sensitive to noise in the inputs.",
  judge(settings, results) {
    const found = errors.map(({ id, label }) => {
      const [white, plain] = [draws(settings, results, -1, id), draws(settings, results, 0, id)];
      return { label, id, ...meanInterval(white && plain ? white.map((value, i) => Math.log(value / plain[i]!)) : []) };
    });
    if (found.some(({ mean }) => !Number.isFinite(mean))) return noData;
    return {
      verdict: verdictOf(
        found.map(({ high }) => high < 0),
        0.25,
      ),
      measured: found
        .map(
          ({ label, mean, low, high }) => `${label} ${short(Math.exp(mean), 2)}× [${short(Math.exp(low), 2)}, ${short(Math.exp(high), 2)}]`,
        )
        .join("; "),
      numbers: Object.fromEntries(found.map(({ id, mean }) => [id, Math.exp(mean)])),
    };
  },
};

const theoryMatches: Claim = {
  id: "power-alignment-theory",
  statement: "The alignment of the step preconditioned by S^p has the limit that theory says, for every p.",
  source: "derived: alignment of a filtered gradient",
  estimator: "Simulated squared cosine over theory at each power.",
  test: "Holds if each is within 5 % or 3 standard errors; partly if at least 75 % are.",
  judge(settings, results) {
    const found = powers.map((power) => alignment(settings, results, power)).filter((value) => value !== undefined);
    const off = found.map(({ simulated, theory }) => Math.abs(simulated / theory - 1));
    return {
      verdict: verdictOf(
        found.map(({ simulated, standardError, theory }, i) => off[i]! <= 0.05 || Math.abs(simulated - theory) <= 3 * standardError),
        0.75,
      ),
      measured: `largest deviation ${short(100 * Math.max(...off), 2)} % over ${off.length} powers`,
      numbers: { worst: Math.max(...off) },
    };
  },
};

export const covariancePowers: Figure = {
  id: "covariance-power",
  title: "Preconditioning by a power Sᵖ of the input covariance",
  caption:
    "Left: squared cosine of the step with β*, theory (line) and simulation (points, two standard errors). Right: mean squared errors of the network after that step and a converged refit of its second layer, the size of the step chosen on other draws. " +
    "p = −1 whitens (KFAC), 0 is SGD. See alignment rise from p = 1 over 0 to a best power and fall again before p = −1, where the noise in directions of small variance is amplified, and which errors follow it: where a curve of errors is lowest away from p = −1 one sees what whitening costs. Points off the line would contradict the theory.",
  plan: (settings, results) => powers.flatMap((power) => tuned(settings, results, power).plan),
  draw(settings, results, layout) {
    const x = { title: "power p", domain: [-1.05, 1.05] as const, values: [-1, -0.5, 0, 0.5, 1] };
    const aligned = powers.flatMap((power) => {
      const value = alignment(settings, results, power);
      return value ? [{ power, ...value }] : [];
    });
    const cosine = {
      label: "squared cosine",
      short: "",
      color: palette.purple,
      shape: "circle",
      line: Array.from({ length: 41 }, (_, i) => i / 20 - 1).map((p) => ({ x: p, y: filteredAlignment(problem(settings), (s) => s ** p) })),
      points: aligned.map(({ power, simulated, standardError }) => ({
        x: power,
        y: simulated,
        low: simulated - 2 * standardError,
        high: simulated + 2 * standardError,
      })),
    };
    const curves = errors.map(({ id, label, color, shape }) => ({
      label,
      color,
      shape,
      points: powers.flatMap((power) => {
        const values = draws(settings, results, power, id);
        return values ? [{ x: power, y: mean(values), ...{ low: meanInterval(values).low, high: meanInterval(values).high } }] : [];
      }),
    }));
    const span = logDomain(curves.flatMap(({ points }) => points.map(({ y }) => y)));
    const grid = panelGrid(
      [
        linePanel(
          "alignment",
          { x, y: { title: "squared cosine with β*", domain: [0, 1] } },
          [cosine],
          "line: theory; points: simulation",
          layout,
        ),
        linePanel("errors", { x, y: { title: "mean squared error", domain: span, log: true } }, curves, "mean, 95 % interval", layout),
      ],
      layout === "wide" ? 2 : 1,
      layout === "narrow" ? { row: 150 } : {},
    );
    // The panels show different quantities.
    return { ...grid, resolve: { scale: { color: "independent", shape: "independent", strokeDash: "independent" } } };
  },
  table: (settings, results) => ({
    caption: "Mean squared errors, squared cosine with β* (theory), and the size of the step (root mean square change of pre-activations).",
    header: ["p", "step", "cosine", ...errors.map(({ label }) => label)],
    rows: powers.map((power) => {
      const value = alignment(settings, results, power);
      return [
        String(power),
        short(tuned(settings, results, power).stepRms),
        value ? `${value.simulated.toFixed(3)} (${value.theory.toFixed(3)})` : "—",
        ...errors.map(({ id }) => short(mean(draws(settings, results, power, id) ?? []))),
      ];
    }),
  }),
  claims: [whiteningGeneralises, theoryMatches],
};
