import { links } from "../../models/single-index/index.js";
import { logSpectrum } from "../../random/index.js";
import type { Spec } from "../../report/chart.js";
import { endLabels, labelRoom } from "../../report/labels.js";
import { type Layout, logAxis, palette, panelGrid } from "../../report/theme.js";
import { type AlignmentProblem, alignmentProblem, kfacAlignment, optimalDamping, sgdAlignment } from "../../theory/index.js";
import type { Trial } from "../executor.js";
import { errorInterval } from "../statistics.js";
import { type Claim, type Figure, noData, type Results, type Settings, seedOf, short, trialOf, verdictOf } from "./figure.js";

const noise = 0.3;
const sigma = "he1+he2";
/** d/n: five times as many samples as dimensions, and half as many. */
const [many, few] = [0.2, 2];
const conds = [1, 3, 10, 30, 100, 300, 1000];
const dampingCond = 100;
const small = 0.01;

const size = (settings: Settings) => (settings.quick ? { d: 200, draws: 96 } : { d: 500, draws: 64 });
const dampings = (settings: Settings) =>
  settings.quick ? [1e-3, 1e-2, 0.1, 1, 10, 100] : [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10, 30, 100];

const problems = new Map<string, AlignmentProblem>();

function problemOf(settings: Settings, phi: number, cond: number): AlignmentProblem {
  const key = `${size(settings).d} ${phi} ${cond}`;
  const known = problems.get(key) ?? makeProblem(settings, phi, cond);
  problems.set(key, known);
  return known;
}

function makeProblem(settings: Settings, phi: number, cond: number): AlignmentProblem {
  return alignmentProblem({ spectrum: logSpectrum(size(settings).d, cond), phi, link: links[sigma].value, noise });
}

/** The index makes the seed: points must not share their draws, or one unlucky draw would move whole curves. */
function trial(settings: Settings, index: number, phi: number, cond: number, damping: number): Trial {
  return trialOf("single-index-alignment", {
    ...size(settings),
    phi,
    spectrum: "log",
    cond,
    sigma,
    noise,
    damping,
    beta: "isotropic",
    seed: seedOf(settings, index),
  });
}

/** Squared cosines of one trial. */
interface Measured {
  readonly simulated: number;
  readonly standardError: number;
  readonly theory: number;
}

type Method = "sgd" | "kfac";

function measured(results: Results, from: Trial, method: Method): Measured | undefined {
  const value = results.get(from)?.metrics[method] as Measured | undefined;
  return value && Number.isFinite(value.simulated) ? value : undefined;
}

/** The three panels: which trials a point is, and where on the axis it stands. */
interface Sweep {
  readonly title: string;
  readonly axis: string;
  readonly range: readonly [number, number];
  /** Curves: the label, the trials with their place on the axis, and the theory as a function of that place. */
  readonly curves: readonly {
    readonly label: string;
    readonly method: Method;
    readonly points: readonly { x: number; trial: Trial }[];
    theory(x: number): number;
  }[];
  /** Where the damping is optimal. */
  readonly optimum?: number;
}

/** What stands at a curve's right end. */
const shortened = (label: string) => (label === labels.optimal ? "KFAC, λ*" : label === labels.swept ? "KFAC" : label);

const labels = { sgd: "SGD", optimal: "KFAC, optimal damping λ*", small: `KFAC, λ = ${small}`, swept: "KFAC, damping λ" };

/** λ* of isotropic β*: φ v / a1², whatever the spectrum's shape. */
const lambdaStar = (settings: Settings, phi: number, cond: number) => Number(optimalDamping(problemOf(settings, phi, cond)).toPrecision(6));

function anisotropySweep(settings: Settings): Sweep {
  const problem = (cond: number) => problemOf(settings, many, cond);
  const star = (cond: number) => lambdaStar(settings, many, cond);
  const undamped = conds.map((cond, i) => ({ x: cond, trial: trial(settings, 200 + i, many, cond, small) }));
  return {
    title: `d/n = ${many}, varying anisotropy`,
    axis: "condition number of the input covariance",
    range: [1, 1000],
    curves: [
      {
        label: labels.optimal,
        method: "kfac",
        points: conds.map((cond, i) => ({ x: cond, trial: trial(settings, 100 + i, many, cond, star(cond)) })),
        theory: (cond) => kfacAlignment(problem(cond), optimalDamping(problem(cond))),
      },
      {
        label: labels.small,
        method: "kfac",
        points: undamped,
        theory: (cond) => kfacAlignment(problem(cond), small),
      },
      {
        label: labels.sgd,
        method: "sgd",
        points: undamped,
        theory: (cond) => sgdAlignment(problem(cond)),
      },
    ],
  };
}

function dampingSweep(settings: Settings, phi: number): Sweep {
  const problem = problemOf(settings, phi, dampingCond);
  const first = phi === many ? 300 : 400;
  const points = dampings(settings).map((damping, i) => ({ x: damping, trial: trial(settings, first + i, phi, dampingCond, damping) }));
  const sgd = sgdAlignment(problem);
  return {
    title: `d/n = ${phi}, condition number ${dampingCond}`,
    axis: "damping λ",
    range: [1e-3, 100],
    curves: [
      { label: labels.swept, method: "kfac", points, theory: (damping) => kfacAlignment(problem, damping) },
      { label: labels.sgd, method: "sgd", points, theory: () => sgd },
    ],
    optimum: lambdaStar(settings, phi, dampingCond),
  };
}

const sweeps = (settings: Settings) => [anisotropySweep(settings), dampingSweep(settings, many), dampingSweep(settings, few)];

function panel(sweep: Sweep, results: Results, layout: Layout): Spec {
  const domain = [labels.optimal, labels.small, labels.swept, labels.sgd];
  const range = [palette.vermillion, palette.orange, palette.purple, palette.black];
  const shapes = ["circle", "diamond", "square", "cross"];
  const [low, high] = sweep.range;
  const grid = Array.from({ length: 61 }, (_, i) => low * (high / low) ** (i / 60));
  const lines = sweep.curves.flatMap(({ label, theory }) => grid.map((x) => ({ label, x, y: theory(x) })));
  const points = sweep.curves.flatMap(({ label, method, points }) =>
    points.flatMap(({ x, trial }) => {
      const value = measured(results, trial, method);
      return value
        ? [
            {
              label,
              x,
              y: value.simulated,
              low: value.simulated - 2 * value.standardError,
              high: value.simulated + 2 * value.standardError,
            },
          ]
        : [];
    }),
  );
  const x = { field: "x", type: "quantitative", scale: { type: "log", domain: [low, high] }, axis: logAxis(sweep.axis, sweep.range) };
  const yOf = (field: string) => ({ field, type: "quantitative", scale: { domain: [0, 1] }, axis: { title: "squared cosine with β*" } });
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain, range },
    legend: {
      orient: "top",
      title: "lines: theory; points: simulation ± 2 standard errors",
      columns: layout === "wide" ? 4 : 2,
      offset: 24,
    },
  };
  const mark =
    sweep.optimum === undefined
      ? []
      : [
          {
            data: { values: [{ x: sweep.optimum }] },
            mark: { type: "rule", strokeDash: [3, 3], color: palette.grey },
            encoding: { x: { ...x, axis: undefined } },
          },
          {
            data: { values: [{ x: sweep.optimum, text: "λ*" }] },
            mark: { type: "text", align: "left", dx: 4, baseline: "top", dy: 3, fontSize: 12, color: "#555" },
            encoding: { x: { ...x, axis: undefined }, y: { value: 0 }, text: { field: "text" } },
          },
        ];
  const height = layout === "wide" ? 250 : 220;
  const ends = sweep.curves.map(({ label, theory }) => ({
    label: shortened(label),
    color: range[domain.indexOf(label)]!,
    y: theory(high),
  }));
  return {
    title: sweep.title,
    width: layout === "wide" ? 215 : 235,
    height,
    layer: [
      ...mark,
      { data: { values: lines }, mark: { type: "line", clip: true }, encoding: { x, y: yOf("y"), color } },
      { data: { values: points }, mark: { type: "rule", strokeWidth: 1.5 }, encoding: { x, y: yOf("low"), y2: { field: "high" }, color } },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 50, opacity: 1 },
        encoding: { x, y: yOf("y"), color, shape: { field: "label", type: "nominal", scale: { domain, range: shapes } } },
      },
      endLabels(ends, x, high, yOf("y"), { domain: [0, 1], log: false, height }),
    ],
  };
}

/** Every point of the three panels. */
const everyPoint = (settings: Settings, results: Results) =>
  sweeps(settings).flatMap(({ curves }) =>
    curves
      .flatMap(({ method, points }) => points.map(({ trial }) => measured(results, trial, method)))
      .filter((value) => value !== undefined),
  );

const theoryMatches: Claim = {
  id: "alignment-theory",
  statement: "The limits of the squared cosines of the SGD and KFAC steps describe finite problems.",
  source: "Zhang et al. 2025, single-index alignment; ridge deterministic equivalents",
  estimator: "Relative deviation of the simulated squared cosine from theory, over all points of the figure.",
  test: "Holds if every point lies within 5 %, or within 3.5 of its standard errors (one chance in 2000 each); partly if at least 90 % of them do.",
  judge(settings, results) {
    const points = everyPoint(settings, results);
    const deviations = points.map(({ simulated, theory }) => Math.abs(simulated / theory - 1));
    const worst = Math.max(...deviations);
    return {
      verdict: verdictOf(
        points.map(
          ({ simulated, standardError, theory }, i) => deviations[i]! <= 0.05 || Math.abs(simulated - theory) <= 3.5 * standardError,
        ),
        0.9,
      ),
      measured: `largest deviation ${short(100 * worst, 2)} % over ${deviations.length} points`,
      numbers: { worst, points: deviations.length },
    };
  },
};

/** (a − b) in units of its standard error, of two points that share no draws. */
const separation = (a: Measured, b: Measured) => (a.simulated - b.simulated) / Math.hypot(a.standardError, b.standardError);

const sgdDeclines: Claim = {
  id: "sgd-alignment-declines",
  statement: "The SGD step loses its alignment with β* as inputs become anisotropic.",
  source: "Zhang et al. 2025, single-index learning; cos² → m1²/m2 as n → ∞",
  estimator: "Simulated squared cosine of the SGD step along the condition numbers of the first panel, each from draws of its own.",
  test: "Holds if it falls at every step of the grid by more than 2 standard errors from condition number 3 on, and by half in all; partly if it falls by half in all.",
  judge(settings, results) {
    const curve = anisotropySweep(settings).curves.find(({ method }) => method === "sgd")!;
    const values = curve.points.map(({ trial }) => measured(results, trial, "sgd")).filter((value) => value !== undefined);
    const [first, last] = [values[0], values[values.length - 1]];
    if (!first || !last) return noData;
    const falls = values.slice(1).every((value, i) => i === 0 || separation(values[i]!, value) > 2);
    const half = last.simulated < 0.5 * first.simulated;
    return {
      verdict: half ? (falls ? "holds" : "holds partly") : "does not hold",
      measured: `from ${short(first.simulated)} at condition number 1 to ${short(last.simulated)} at 1000`,
      numbers: { isotropic: first.simulated, anisotropic: last.simulated },
    };
  },
};

/** Log of KFAC's over SGD's squared cosine on the same draws of a trial, with its 95 % interval. */
const advantages = (results: Results, points: readonly { x: number; trial: Trial }[]) =>
  points.flatMap(({ x, trial }) => {
    const record = results.get(trial);
    if (!record) return [];
    const { log, standardError } = record.metrics.advantage as { log: number; standardError: number };
    return [{ x, ...errorInterval(log, standardError, record.config.draws as number), ratio: Math.exp(log) }];
  });

const optimalNeverLoses: Claim = {
  id: "kfac-optimal-damping-better",
  statement: "With damping λ* = φv/a1² the KFAC step aligns at least as well as the SGD step at every anisotropy.",
  source: "derived: ridge at λ* is the posterior mean",
  estimator: "Log ratio of the simulated squared cosines, KFAC at λ* over SGD, paired over draws, at each condition number.",
  test: "Holds if the 95 % interval of the log ratio lies below 0 nowhere, and above 0 from condition number 10 on; partly if only the first.",
  judge(settings, results) {
    const found = advantages(results, anisotropySweep(settings).curves[0]!.points);
    const never = found.length > 0 && found.every(({ high }) => high >= 0);
    const above = found.filter(({ x }) => x >= 10).every(({ low }) => low > 0);
    const last = found[found.length - 1];
    return {
      verdict: never ? (above ? "holds" : "holds partly") : "does not hold",
      measured: `KFAC / SGD from ${short(found[0]?.ratio)} at condition number 1 to ${short(last?.ratio)} at ${short(last?.x)}`,
      numbers: { isotropicRatio: found[0]?.ratio ?? null, anisotropicRatio: last?.ratio ?? null },
    };
  },
};

const alwaysBetter: Claim = {
  id: "kfac-always-better",
  statement: "The KFAC step aligns better than the SGD step whatever the damping and the number of samples.",
  source: "the paper's message taken literally; the theory says otherwise for small λ and few samples",
  estimator:
    "Points of the two damping panels where the 95 % interval of the log ratio of squared cosines, KFAC over SGD, paired over draws, lies below 0.",
  test: "Holds if there are none; partly if they are at most half of the points.",
  judge(settings, results) {
    const found = [many, few].flatMap((phi) =>
      advantages(results, dampingSweep(settings, phi).curves[0]!.points).map((value) => ({ ...value, phi })),
    );
    const losses = found.filter(({ high }) => high < 0);
    const where = [many, few].map((phi) => {
      const dampings = losses.filter((loss) => loss.phi === phi).map(({ x }) => x);
      return dampings.length ? `d/n = ${phi}: loses for λ ≤ ${short(Math.max(...dampings))}` : `d/n = ${phi}: never loses`;
    });
    return {
      verdict: verdictOf(found.map(({ high }) => high >= 0)),
      measured: `${where.join("; ")} (${losses.length} of ${found.length} points)`,
      numbers: { losses: losses.length, points: found.length },
    };
  },
};

/** Figure 2. */
export const alignment: Figure = {
  id: "single-index-alignment",
  title: "Alignment of the first SGD and KFAC steps with the true direction",
  caption:
    "Lines are theory (the limit of large d and n), points are simulations with two standard errors. Left: the SGD step turns away from β* " +
    "as inputs become anisotropic; KFAC with optimal damping turns far less. Middle and right: KFAC against its damping, with many and with few " +
    "samples; the dashed line marks λ*. With few samples and too little damping KFAC is worse than SGD. Points off their lines, or an SGD " +
    "curve that does not fall, would contradict the theory.",
  plan: (settings) => sweeps(settings).flatMap(({ curves }) => curves.flatMap(({ points }) => points.map(({ trial }) => trial))),
  draw(settings, results, layout) {
    const panels = sweeps(settings).map((sweep) => panel(sweep, results, layout));
    return panelGrid(panels, layout === "wide" ? 3 : 1, { room: labelRoom(Object.values(labels).map(shortened)) });
  },
  table: (settings, results) => ({
    caption: `Squared cosines, ${size(settings).draws} draws at d = ${size(settings).d}: simulated ± standard error (theory).`,
    header: ["condition number", labels.optimal, labels.small, labels.sgd],
    rows: conds.map((cond, i) => [
      short(cond),
      ...anisotropySweep(settings).curves.map(({ method, points }) => {
        const value = measured(results, points[i]!.trial, method);
        return value ? `${value.simulated.toFixed(3)} ± ${value.standardError.toFixed(3)} (${value.theory.toFixed(3)})` : "—";
      }),
    ]),
  }),
  claims: [theoryMatches, sgdDeclines, optimalNeverLoses, alwaysBetter],
};
