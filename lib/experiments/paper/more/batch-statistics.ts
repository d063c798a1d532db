import { links } from "../../../models/single-index/index.js";
import { logSpectrum } from "../../../random/index.js";
import { labelRoom } from "../../../report/labels.js";
import { palette, panelGrid } from "../../../report/theme.js";
import { alignmentProblem, kfacAlignment, kfacSeparateAlignment, sgdAlignment } from "../../../theory/index.js";
import { errorInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "../figure.js";
import { linePanel } from "./panel.js";

const phis = [0.1, 0.3, 1, 3];
const dampings = [0.1, 1];
const [cond, sigma, noise] = [100, "he1+he2", 0.3] as const;
const sources = [
  { id: "same", label: "Ŝ from the same batch", short: "same", color: palette.vermillion, shape: "circle" },
  { id: "separate", label: "Ŝ from a batch of its own", short: "own", color: palette.blue, shape: "square" },
] as const;
type Source = (typeof sources)[number]["id"];

const size = (settings: Settings) => (settings.quick ? { d: 200, draws: 48 } : { d: 400, draws: 64 });
/** Every point has draws of its own. */
const trial = (settings: Settings, source: Source, phi: number, damping: number) =>
  trialOf("single-index-alignment", {
    ...size(settings),
    phi,
    damping,
    statistics: source,
    cond,
    sigma,
    noise,
    seed: seedOf(settings, 700 + 20 * dampings.indexOf(damping) + 2 * phis.indexOf(phi) + (source === "same" ? 0 : 1)),
  });

const problem = (phi: number) => alignmentProblem({ spectrum: logSpectrum(200, cond), phi, link: links[sigma].value, noise });
const theory = (source: Source, phi: number, damping: number) =>
  source === "same" ? kfacAlignment(problem(phi), damping) : kfacSeparateAlignment(problem(phi), damping, phi);

interface Cosine {
  readonly simulated: number;
  readonly standardError: number;
  readonly theory: number;
}
function measured(settings: Settings, results: Results, source: Source, phi: number, damping: number) {
  const record = results.get(trial(settings, source, phi, damping));
  if (!record) return undefined;
  const { simulated, standardError, theory } = record.metrics.kfac as unknown as Cosine;
  return { simulated, standardError, theory, draws: record.config.draws as number };
}

/** Log ratio, same over separate, of points that share no draws. */
function ratio(settings: Settings, results: Results, phi: number, damping: number) {
  const [same, separate] = sources.map(({ id }) => measured(settings, results, id, phi, damping));
  if (!same || !separate) return undefined;
  const error = Math.hypot(same.standardError / same.simulated, separate.standardError / separate.simulated);
  return errorInterval(Math.log(same.simulated / separate.simulated), error, Math.min(same.draws, separate.draws));
}

const sameIsBetter: Claim = {
  id: "same-batch-aligns-better",
  statement:
    "The KFAC step aligns better when its statistics come from the batch of its gradient than from a batch of their own, and both follow their limits.",
  source: "derived: with the same batch the errors of Ŝ and of Xᵀy/n cancel in part, as in least squares",
  estimator: `Squared cosines of KFAC with either source of Ŝ at d/n = ${phis.join(", ")} and λ = ${dampings.join(", ")}: log ratio, same over separate (draws of their own: errors are independent), and deviation from theory.`,
  test:
    "Holds if wherever theory's ratio is above 1.1 the 95 % interval of the log ratio lies above 0, and every squared cosine is within 5 % or 3.5 standard errors of theory; " +
    "partly if so for at least half of the ratios.",
  judge(settings, results) {
    const cells = dampings.flatMap((damping) => phis.map((phi) => ({ phi, damping, found: ratio(settings, results, phi, damping) })));
    if (cells.some(({ found }) => found === undefined)) return noData;
    const clear = cells.filter(({ phi, damping }) => theory("same", phi, damping) > 1.1 * theory("separate", phi, damping));
    const better = clear.filter(({ found }) => found!.low > 0).length;
    const points = cells.flatMap(({ phi, damping }) => sources.map(({ id }) => measured(settings, results, id, phi, damping)!));
    const off = ({ simulated, theory }: Cosine) => Math.abs(simulated / theory - 1);
    const near = points.every((point) => off(point) <= 0.05 || Math.abs(point.simulated - point.theory) <= 3.5 * point.standardError);
    const verdict = verdictOf(clear.map(({ found }) => found!.low > 0));
    return {
      verdict: verdict === "holds" && !near ? "holds partly" : verdict,
      measured: `better at ${better} of ${clear.length} points, ${cells
        .filter(({ damping }) => damping === dampings[0])
        .map(({ phi, found }) => `${short(Math.exp(found!.mean))}× at d/n = ${phi}`)
        .join(", ")} (λ = ${dampings[0]}); largest deviation from theory ${short(100 * Math.max(...points.map(off)), 2)} %`,
      numbers: { better, points: clear.length, worst: Math.max(...points.map(off)) },
    };
  },
};

const grid = Array.from({ length: 31 }, (_, i) => 0.08 * 50 ** (i / 30));

export const batchStatistics: Figure = {
  id: "batch-statistics",
  title: "Statistics from the same batch or from one of their own",
  caption:
    "Squared cosine of the KFAC step with β* against d/n, theory (line) and simulation (points, two standard errors), condition number 100. See the same batch align better, most where n is near d. " +
    "A separate batch that does better, or points off their lines, would contradict the theory.",
  plan: (settings) => dampings.flatMap((damping) => phis.flatMap((phi) => sources.map(({ id }) => trial(settings, id, phi, damping)))),
  draw: (settings, results, layout) =>
    panelGrid(
      dampings.map((damping) =>
        linePanel(
          `damping λ = ${damping}`,
          {
            x: { title: "d/n", domain: [0.08, 4], log: true },
            y: { title: "squared cosine with β*", domain: [0, 1] },
          },
          [
            ...sources.map(({ id, label, short, color, shape }) => ({
              label,
              short,
              color,
              shape,
              line: grid.map((phi) => ({ x: phi, y: theory(id, phi, damping) })),
              points: phis.flatMap((phi) => {
                const found = measured(settings, results, id, phi, damping);
                if (!found) return [];
                const { simulated: y, standardError } = found;
                return [{ x: phi, y, low: y - 2 * standardError, high: y + 2 * standardError }];
              }),
            })),
            {
              label: "SGD (theory)",
              short: "SGD",
              color: palette.grey,
              shape: "cross",
              dash: [4, 3],
              line: grid.map((phi) => ({ x: phi, y: sgdAlignment(problem(phi)) })),
            },
          ],
          "line: theory; points: simulation",
          layout,
        ),
      ),
      layout === "wide" ? 2 : 1,
      { room: labelRoom(sources.map(({ short }) => short)) },
    ),
  table: (settings, results) => ({
    caption: "Squared cosines of KFAC, simulated (theory).",
    header: ["λ", "d/n", ...sources.map(({ label }) => label)],
    rows: dampings.flatMap((damping) =>
      phis.map((phi) => [
        short(damping),
        short(phi),
        ...sources.map(({ id }) => {
          const found = measured(settings, results, id, phi, damping);
          return found ? `${found.simulated.toFixed(3)} (${found.theory.toFixed(3)})` : "—";
        }),
      ]),
    ),
  }),
  claims: [sameIsBetter],
};
