import { links, placement } from "../../../models/single-index/index.js";
import { logSpectrum } from "../../../random/index.js";
import { labelRoom } from "../../../report/labels.js";
import { palette, panelGrid } from "../../../report/theme.js";
import { alignmentProblem, kfacAlignment, sgdAlignment } from "../../../theory/index.js";
import { errorInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { linePanel } from "./panel.js";

const conds = [1, 10, 100, 1e3];
const places = ["top", "isotropic", "bottom"] as const;
type Place = (typeof places)[number];
const metrics = ["euclidean", "covariance"] as const;
type Metric = (typeof metrics)[number];
const [phi, damping, sigma, noise] = [0.2, 0.1, "he1+he2", 0.3] as const;

const size = (settings: Settings) => (settings.quick ? { d: 200, draws: 32 } : { d: 400, draws: 48 });
/** Both metrics see the same draws. */
const trial = (settings: Settings, place: Place, cond: number, metric: Metric) =>
  trialOf("single-index-alignment", {
    ...size(settings),
    phi,
    damping,
    sigma,
    noise,
    cond,
    beta: place,
    metric,
    seed: seedOf(settings, 600 + 10 * places.indexOf(place) + conds.indexOf(cond)),
  });

function problem(place: Place, cond: number, metric: Metric) {
  const spectrum = logSpectrum(200, cond);
  return alignmentProblem({ spectrum, phi, metric, direction: placement(spectrum, place), link: links[sigma].value, noise });
}

const cells = metrics.flatMap((metric) => places.flatMap((place) => conds.map((cond) => ({ place, cond, metric }))));

interface Cosine {
  readonly simulated: number;
  readonly standardError: number;
  readonly theory: number;
}
function measured(settings: Settings, results: Results, place: Place, cond: number, metric: Metric) {
  const record = results.get(trial(settings, place, cond, metric));
  if (!record) return undefined;
  const { sgd, kfac, advantage } = record.metrics as unknown as {
    sgd: Cosine;
    kfac: Cosine;
    advantage: { log: number; standardError: number };
  };
  return { sgd, kfac, advantage: errorInterval(advantage.log, advantage.standardError, record.config.draws as number) };
}

const dependsOnPlace: Claim = {
  id: "advantage-depends-on-direction",
  statement:
    "KFAC's advantage in alignment depends on where β* lies: large on directions of small variance, and lost to SGD's on those of large variance.",
  source: "derived: SGD weighs directions by their variance, which helps where β* is",
  estimator: `Log ratio of squared cosines, KFAC (λ = ${damping}) over SGD, paired over draws, for β* on the quarter of smallest, or of largest, eigenvalues, at condition numbers 100 and 1000, d/n = ${phi}.`,
  test: "Holds if the 95 % interval lies above 0 for the smallest and below 0 for the largest, at both; partly if at least half of these four do. Written after pilot runs with other seeds.",
  conditions: "β* on directions of large variance is the case in which the plain gradient is the better first step.",
  judge(settings, results) {
    const at = (place: Place) => [100, 1e3].map((cond) => measured(settings, results, place, cond, "euclidean")?.advantage);
    const [bottom, top] = [at("bottom"), at("top")];
    if ([...bottom, ...top].some((value) => value === undefined)) return noData;
    const ratios = (found: typeof top) => found.map((value) => `${short(Math.exp(value!.mean))}×`).join(", ");
    return {
      verdict: verdictOf([...bottom.map((value) => value!.low > 0), ...top.map((value) => value!.high < 0)]),
      measured: `KFAC / SGD at 100, 1000: ${ratios(bottom)} on small, ${ratios(top)} on large variances`,
      numbers: { bottom: Math.exp(bottom[1]!.mean), top: Math.exp(top[1]!.mean) },
    };
  },
};

const theoryMatches: Claim = {
  id: "direction-theory",
  statement:
    "The limits of the squared cosines hold for β* on any part of the spectrum, in the Euclidean metric and in that of the inputs' covariance.",
  source: "derived: deterministic equivalents with β*'s own spectral measure",
  estimator: "Relative deviation of the simulated squared cosine from theory, over all points of the figure.",
  test: "Holds if every point lies within 5 %, or within 3.5 of its standard errors; partly if at least 90 % of them do.",
  judge(settings, results) {
    const points = cells.flatMap(({ place, cond, metric }) => {
      const found = measured(settings, results, place, cond, metric);
      return found ? [found.sgd, found.kfac] : [];
    });
    const off = points.map(({ simulated, theory }) => Math.abs(simulated / theory - 1));
    return {
      verdict: verdictOf(
        points.map(({ simulated, theory, standardError }, i) => off[i]! <= 0.05 || Math.abs(simulated - theory) <= 3.5 * standardError),
        0.9,
      ),
      measured: `largest deviation ${short(100 * Math.max(...off), 2)} % over ${points.length} points`,
      numbers: { worst: Math.max(...off) },
    };
  },
};

const methods = [
  { id: "kfac", label: `KFAC, λ = ${damping}`, short: "KFAC", color: palette.vermillion, shape: "circle", theory: kfacAlignment },
  { id: "sgd", label: "SGD", short: "SGD", color: palette.black, shape: "cross", theory: sgdAlignment },
] as const;
const axes = { euclidean: "squared cosine with β*", covariance: "squared cosine in the metric S" };
const titles = { top: "β* on the largest quarter", isotropic: "β* on all directions", bottom: "β* on the smallest quarter" };
const grid = Array.from({ length: 25 }, (_, i) => 1000 ** (i / 24));

export const betaPlacement: Figure = {
  id: "direction-placement",
  title: "Alignment when β* lies on directions of large or of small variance",
  caption:
    "Squared cosine of the step with β*, theory (line) and simulation (points, two standard errors), Euclidean (above) and in the metric of the inputs' covariance, which governs the test error of a linear readout (below). " +
    "See SGD gain on KFAC where β* lies on the largest eigenvalues (left), and lose almost all alignment where it lies on the smallest (right). " +
    "KFAC ahead on the left at condition numbers of 10 and more, or points off their lines, would contradict the theory.",
  plan: (settings) => cells.map(({ place, cond, metric }) => trial(settings, place, cond, metric)),
  draw: (settings, results, layout) =>
    panelGrid(
      metrics.flatMap((metric) =>
        places.map((place) =>
          linePanel(
            titles[place],
            {
              x: { title: "condition number of the input covariance", domain: [0.8, 1300], log: true },
              y: { title: axes[metric], domain: [0, 1] },
            },
            methods.map(({ id, label, short, color, shape, theory }) => ({
              label,
              short,
              color,
              shape,
              line: grid.map((cond) => ({ x: cond, y: theory(problem(place, cond, metric), damping) })),
              points: conds.flatMap((cond) => {
                const found = measured(settings, results, place, cond, metric)?.[id];
                if (!found) return [];
                const { simulated: y, standardError } = found;
                return [{ x: cond, y, low: y - 2 * standardError, high: y + 2 * standardError }];
              }),
            })),
            "line: theory; points: simulation",
            layout,
          ),
        ),
      ),
      layout === "wide" ? 3 : 1,
      { room: labelRoom(methods.map(({ short }) => short)) },
    ),
  table: (settings, results) => ({
    caption: "Squared cosines, simulated (theory): KFAC / SGD.",
    header: ["β* on", "metric", ...conds.map((cond) => `cond ${short(cond)}`)],
    rows: metrics.flatMap((metric) =>
      places.map((place) => [
        titles[place].replace("β* on ", ""),
        metric === "covariance" ? "S" : "I",
        ...conds.map((cond) => {
          const found = measured(settings, results, place, cond, metric);
          const cell = ({ simulated, theory }: Cosine) => `${simulated.toFixed(3)} (${theory.toFixed(3)})`;
          return found ? `${cell(found.kfac)} / ${cell(found.sgd)}` : "—";
        }),
      ]),
    ),
  }),
  claims: [dependsOnPlace, theoryMatches],
};
