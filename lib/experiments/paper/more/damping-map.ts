import { links } from "../../../models/single-index/index.js";
import { logSpectrum } from "../../../random/index.js";
import { logAxis, palette } from "../../../report/theme.js";
import { alignmentProblem, kfacAlignment, optimalDamping, sgdAlignment } from "../../../theory/index.js";
import { errorInterval } from "../../statistics.js";
import { type Claim, type Figure, type Results, type Settings, seedOf, short, trialOf } from "../figure.js";

const cond = 100;
const sigma = "he1+he2";
const noise = 0.3;
/** Where the map is checked by simulation: φ, λ; chosen where theory's ratio is off 1 by more than 10 %. */
const checks = [
  [0.2, 0.01],
  [0.2, 1],
  [0.5, 0.01],
  [0.5, 0.1],
  [1, 0.01],
  [1, 1],
  [2, 0.01],
  [2, 0.1],
  [2, 10],
] as const;

const size = (settings: Settings) => (settings.quick ? { d: 200, draws: 64 } : { d: 400, draws: 64 });
const problem = (phi: number) => alignmentProblem({ spectrum: logSpectrum(100, cond), phi, link: links[sigma].value, noise });
const theory = (phi: number, damping: number) => kfacAlignment(problem(phi), damping) / sgdAlignment(problem(phi));
type Check = (typeof checks)[number];
/** Each place has draws of its own. */
const trial = (settings: Settings, check: Check) => {
  const [phi, damping] = check;
  const seed = seedOf(settings, 500 + checks.indexOf(check));
  return trialOf("single-index-alignment", { ...size(settings), phi, damping, spectrum: "log", cond, sigma, noise, seed });
};

function measured(settings: Settings, results: Results, check: Check) {
  const record = results.get(trial(settings, check));
  if (!record) return undefined;
  const { log, standardError } = record.metrics.advantage as { log: number; standardError: number };
  const interval = errorInterval(log, standardError, record.config.draws as number);
  return { phi: check[0], damping: check[1], log, ...interval, theory: Math.log(theory(check[0], check[1])) };
}

/** The largest φ up to which KFAC at a fixed λ aligns at least as well as SGD. */
function bound(damping: number): number {
  let [low, high] = [0.01, 100];
  if (theory(low, damping) < 1) return 0;
  if (theory(high, damping) >= 1) return high;
  while (high / low > 1.001) {
    const middle = Math.sqrt(low * high);
    if (theory(middle, damping) >= 1) low = middle;
    else high = middle;
  }
  return low;
}

const losesBeyond: Claim = {
  id: "kfac-loses-beyond-bound",
  statement: "KFAC with a fixed damping aligns better than SGD only while d/n is below a bound that grows with the damping.",
  source: "derived: deterministic equivalents of ridge regression",
  estimator: `Log ratio of simulated squared cosines, KFAC over SGD, paired over draws, at ${checks.length} pairs (d/n, λ) where theory's ratio is off 1 by more than 10 %, condition number ${cond}.`,
  test:
    "Holds if at every pair the 95 % interval lies on theory's side of 0, at some above and at some below; " +
    "partly if it does at 75 % of the pairs, at some above and at some below.",
  conditions: "At the optimal damping λ* it never loses; at a fixed one the bound is where the map's ratio is 1.",
  judge(settings, results) {
    const found = checks.map((check) => measured(settings, results, check)).filter((value) => value !== undefined);
    const agree = found.filter(({ low, high, theory }) => (theory > 0 ? low > 0 : high < 0)).length;
    const both = found.some(({ low }) => low > 0) && found.some(({ high }) => high < 0);
    return {
      verdict: both && agree === found.length ? "holds" : both && agree >= 0.75 * found.length ? "holds partly" : "does not hold",
      measured: `theory's side at ${agree} of ${found.length} pairs; KFAC better up to d/n = ${short(bound(0.1), 2)} at λ = 0.1, ${short(bound(1), 2)} at λ = 1 (theory)`,
      numbers: { agree, pairs: found.length, boundAtTenth: bound(0.1), boundAtOne: bound(1) },
    };
  },
};

const grid = (low: number, high: number, count: number) => Array.from({ length: count }, (_, i) => low * (high / low) ** (i / count));

export const dampingMap: Figure = {
  id: "damping-map",
  title: "Where the KFAC step aligns worse than the SGD step",
  caption:
    "Theory: the ratio of squared cosines with β*, KFAC over SGD, over d/n and the damping (blue: KFAC better, orange: SGD better; colours end at a factor of 2.8); the line is the optimal damping λ* = φv/a1². Points are simulations: " +
    "circles where KFAC aligned better, crosses where SGD did. See that with few samples and little damping KFAC loses, and that λ* never enters that region. A cross in a deep blue place, or a circle in a deep orange one, would contradict it.",
  plan: (settings) => checks.map((check) => trial(settings, check)),
  draw(settings, results, layout) {
    const [columns, rows] = [28, 28];
    const step = [(10 / 0.05) ** (1 / columns), (100 / 1e-3) ** (1 / rows)] as const;
    const cells = grid(0.05, 10, columns).flatMap((phi) =>
      grid(1e-3, 100, rows).map((damping) => ({
        phi,
        phi2: phi * step[0],
        damping,
        damping2: damping * step[1],
        ratio: Math.max(-1.5, Math.min(1.5, Math.log2(theory(phi * Math.sqrt(step[0]), damping * Math.sqrt(step[1]))))),
      })),
    );
    const points = checks.flatMap((check) => {
      const value = measured(settings, results, check);
      return value ? [{ phi: value.phi, damping: value.damping, winner: value.log > 0 ? "KFAC" : "SGD" }] : [];
    });
    const x = { field: "phi", type: "quantitative", scale: { type: "log", domain: [0.05, 10] }, axis: logAxis("d/n", [0.05, 10]) };
    const y = {
      field: "damping",
      type: "quantitative",
      scale: { type: "log", domain: [1e-3, 100] },
      axis: logAxis("damping λ", [1e-3, 100]),
    };
    return {
      width: layout === "wide" ? 460 : 300,
      height: layout === "wide" ? 340 : 260,
      layer: [
        {
          data: { values: cells },
          mark: { type: "rect", clip: true },
          encoding: {
            x,
            x2: { field: "phi2" },
            y,
            y2: { field: "damping2" },
            tooltip: [
              { field: "phi", type: "quantitative", title: "d/n from" },
              { field: "damping", type: "quantitative", title: "λ from" },
              { field: "ratio", type: "quantitative", title: "log₂ of KFAC / SGD (theory)" },
            ],
            color: {
              field: "ratio",
              type: "quantitative",
              scale: { domain: [-1.5, 0, 1.5], range: [palette.orange, "#f7f7f7", palette.blue] },
              legend: { title: "log₂ of KFAC / SGD", orient: layout === "wide" ? "right" : "bottom" },
            },
          },
        },
        {
          data: { values: grid(0.05, 10, 60).map((phi) => ({ phi, damping: optimalDamping(problem(phi)) })) },
          mark: { type: "line", color: palette.black, clip: true },
          encoding: { x, y },
        },
        {
          data: {
            values: [
              { phi: 1.3, damping: optimalDamping(problem(1.3)), text: layout === "wide" ? "optimal damping λ* (theory)" : "λ* (theory)" },
            ],
          },
          mark: { type: "text", align: "left", baseline: "top", dx: 4, dy: 6, fontSize: 11, fontWeight: 500, color: palette.black },
          encoding: { x, y, text: { field: "text" } },
        },
        {
          data: { values: points },
          mark: { type: "point", size: 90, strokeWidth: 2.5, color: palette.black },
          encoding: {
            x,
            y,
            shape: {
              field: "winner",
              type: "nominal",
              scale: { domain: ["KFAC", "SGD"], range: ["circle", "cross"] },
              legend: { title: "simulated: better is", orient: layout === "wide" ? "right" : "bottom" },
            },
          },
        },
      ],
    };
  },
  table: (settings, results) => ({
    caption: "Ratio of squared cosines, KFAC over SGD.",
    header: ["d/n", "λ", "simulated", "theory"],
    rows: checks.map((check) => {
      const value = measured(settings, results, check);
      return [short(check[0]), short(check[1]), value ? short(Math.exp(value.log)) : "—", short(theory(check[0], check[1]))];
    }),
  }),
  claims: [losesBeyond],
};
