import type { Spec } from "../../report/chart.js";
import { endLabels, labelRoom } from "../../report/labels.js";
import { type Layout, logAxis, logDomain, panelGrid } from "../../report/theme.js";
import { logRatioInterval, mean, meanInterval, median, quantile, rankCorrelation } from "../statistics.js";
import { type Claim, type Figure, type Results, ratio, type Settings, short, verdictOf } from "./figure.js";
import { type MethodId, methodOf, methods, metricOf, problem, type Tuned, tune } from "./representation.js";

const compared = Object.keys(methods) as MethodId[];
const low = 10;
const high = 1e4;
const panels = [
  { column: "trainLoss", title: "train loss" },
  { column: "distance", title: "subspace distance" },
  { column: "transferLoss", title: "transfer loss" },
] as const;

const tuned = (settings: Settings, results: Results, cond: number) =>
  compared.map((method) => ({ method, run: tune(settings, results, method, cond) }));

interface Point {
  method: string;
  step: number;
  median: number | null;
  low: number | null;
  high: number | null;
}

/** The places of about 20 steps per decade among those recorded, and of the last. */
function shown(steps: readonly (number | null)[]): number[] {
  const places: number[] = [];
  let bin = Number.NEGATIVE_INFINITY;
  steps.forEach((step, i) => {
    if (step === null || step < 1) return;
    const own = Math.floor(20 * Math.log10(step));
    if (own > bin || i === steps.length - 1) places.push(i);
    bin = own;
  });
  return places;
}

/** Median and range over seeds of one column, at the shown steps. A seed that has diverged counts as infinite. */
function curve(results: Results, run: Tuned, label: string, column: string): Point[] {
  const records = results.all(run.trials);
  const steps = records.map(({ series }) => series.step ?? []).reduce((a, b) => (b.length > a.length ? b : a), []);
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return shown(steps).map((i) => {
    const values = records.map((record) => record.series[column]?.[i] ?? Number.POSITIVE_INFINITY);
    return {
      method: label,
      step: steps[i]!,
      median: finite(median(values)),
      low: finite(quantile(values, 0)),
      high: finite(quantile(values, 1)),
    };
  });
}

function draw(settings: Settings, results: Results, layout: Layout): Spec {
  const { steps } = problem;
  const styles = compared.map(methodOf);
  const domain = styles.map(({ label }) => label);
  const wide = layout === "wide";
  const color = {
    field: "method",
    type: "nominal",
    scale: { domain, range: styles.map(({ style }) => style.color) },
    legend: {
      orient: "top",
      title: null,
      columns: wide ? 6 : 3,
      symbolType: "stroke",
      symbolSize: 500,
      symbolFillColor: "transparent",
      symbolOpacity: 1,
      offset: 24,
    },
  };
  const height = wide ? 210 : 200;
  // Beside the panels, where the legend explains it, half a name will do.
  const shortened = (label: string) => label.replace("SGD + ", "");
  const cells = [low, high].map((cond) => {
    const runs = tuned(settings, results, cond);
    return panels.map(({ column, title }) => {
      const values = runs.flatMap(({ method, run }) => curve(results, run, methodOf(method).label, column));
      const span = column === "distance" ? logDomain([...values.map((p) => p.median), 1]) : logDomain(values.map((p) => p.median));
      // A run that diverges must not squeeze the others; nor must values at the rounding level.
      const axis: [number, number] = [Math.max(span[0], 1e-8), Math.min(span[1], 1e3)];
      const y = { type: "quantitative", scale: { type: "log", domain: axis }, axis: logAxis(title, axis) };
      const x = { field: "step", type: "quantitative", scale: { type: "log", domain: [1, steps] }, axis: logAxis("step", [1, steps]) };
      const ends = styles.flatMap(({ label, style }) => {
        const last = values.findLast((point) => point.method === label && point.median !== null && point.median > 0);
        return last && last.step > 0.5 * steps ? [{ label: shortened(label), color: style.color, y: last.median! }] : [];
      });
      return {
        title: `${title}, condition number ${cond === high ? "10⁴" : cond}`,
        width: wide ? 215 : 235,
        height,
        data: { values: values.filter((point) => point.median !== null && point.median > 0) },
        layer: [
          {
            mark: { type: "line", clip: true },
            encoding: {
              y: { field: "median", ...y },
              color,
              strokeDash: { field: "method", type: "nominal", scale: { domain, range: styles.map(({ style }) => style.dash) } },
            },
          },
          {
            mark: { type: "area", opacity: 0.15, clip: true },
            encoding: {
              y: { field: "low", type: "quantitative", scale: { type: "log", domain: axis } },
              y2: { field: "high" },
              color,
            },
          },
          endLabels(ends, x, steps, y, { domain: axis, log: true, height }),
        ],
        encoding: { x },
      };
    });
  });
  return panelGrid(cells.flat(), wide ? 3 : 1, { room: labelRoom(domain.map(shortened)) });
}

const final = (results: Results, run: Tuned, name: string) => metricOf(results, run.trials, name);
const orInfinity = (values: readonly (number | null)[]) => values.map((value) => value ?? Number.POSITIVE_INFINITY);

const transferFollowsDistance: Claim = {
  id: "transfer-follows-distance",
  statement: "Transfer loss follows the distance to the shared subspace; train loss does not tell.",
  source: "Zhang et al. 2025 (arXiv 2502.01763), linear representation learning",
  estimator: `Per seed, Spearman's rank correlation over the methods at condition number ${high}: final transfer loss with final distance, and with final train loss.`,
  test:
    "Holds if the mean correlation with distance is at least 0.8 and the 95 % confidence interval of the paired difference to that with train loss lies " +
    "above 0; partly if only one of the two.",
  judge(settings, results) {
    const runs = tuned(settings, results, high);
    const columns = (name: string) => runs.map(({ run }) => orInfinity(final(results, run, name)));
    const [transfer, distance, train] = ["finalTransferLoss", "finalDistance", "finalTrainLoss"].map(columns) as [
      number[][],
      number[][],
      number[][],
    ];
    const seeds = transfer[0]?.map((_, i) => i) ?? [];
    const pick = (column: number[][], i: number) => column.map((values) => values[i]!);
    const byDistance = seeds.map((i) => rankCorrelation(pick(transfer, i), pick(distance, i)));
    const byTrain = seeds.map((i) => rankCorrelation(pick(transfer, i), pick(train, i)));
    const difference = meanInterval(byDistance.map((value, i) => value - byTrain[i]!));
    return {
      verdict: verdictOf([mean(byDistance) >= 0.8, difference.low > 0]),
      measured:
        `rank correlation with distance ${short(mean(byDistance))}, with train loss ${short(mean(byTrain))}; ` +
        `difference in [${short(difference.low)}, ${short(difference.high)}]`,
      numbers: { withDistance: mean(byDistance), withTrainLoss: mean(byTrain), low: difference.low, high: difference.high },
    };
  },
};

const batchNormDoesNotRepair: Claim = {
  id: "batch-norm-does-not-repair",
  statement: "Batch normalisation does not repair SGD under anisotropic inputs.",
  source: "Zhang et al. 2025, on batch normalisation",
  estimator: `At condition number ${high}, per seed: log of the final distance of SGD with batch norm on the hidden layer, and its log ratio to KFAC's.`,
  test: "Holds if the 95 % confidence interval of the first mean lies above log 0.1 and that of the second above log 10; partly if only one of the two. Put in this form after a run with seed 0.",
  judge(settings, results) {
    const normed = orInfinity(final(results, tune(settings, results, "batchNorm", high), "finalDistance"));
    const kfac = orInfinity(final(results, tune(settings, results, "kfac", high), "finalDistance"));
    // The distance of a run that has diverged is the largest there is.
    const far = meanInterval(normed.map((distance) => Math.log(Math.min(distance, 1))));
    const behind = logRatioInterval(
      normed.map((distance) => Math.min(distance, 1)),
      kfac.map((distance) => Math.min(distance, 1)),
    );
    return {
      verdict: verdictOf([far.low > Math.log(0.1), behind.low > Math.log(10)]),
      measured: `ends at distance ${short(Math.exp(far.mean))} [${short(Math.exp(far.low))}, ${short(Math.exp(far.high))}], ${ratio(behind)} as far as KFAC`,
      numbers: { distance: Math.exp(far.mean), againstKfac: Math.exp(behind.mean) },
    };
  },
};

const lowTrainPoorTransfer: Claim = {
  id: "low-train-poor-transfer",
  statement: "Under strong anisotropy Adam fits the training task and still transfers poorly.",
  source: "Zhang et al. 2025, train against transfer loss",
  estimator: `At condition number ${high}, per seed, logs of: the share of Adam's initial train loss that remains at the end; the same share of its transfer loss over that; its final transfer loss over KFAC's.`,
  test:
    "Holds if the 95 % confidence interval of the first mean lies below log 0.01, that of the second above log 3 and that of the third above log 10; " +
    "partly if that of the third and one of the others do. Put in this form after a run with seed 0.",
  judge(settings, results) {
    const adam = tune(settings, results, "adam", high);
    const kfac = orInfinity(final(results, tune(settings, results, "kfac", high), "finalTransferLoss"));
    const share = (metric: string, column: string) =>
      results
        .all(adam.trials)
        .map(({ metrics, series }) => ((metrics[metric] as number | null) ?? Number.POSITIVE_INFINITY) / series[column]![0]!);
    const train = share("finalTrainLoss", "trainLoss");
    const fits = meanInterval(train.map(Math.log));
    const poorly = logRatioInterval(share("finalTransferLoss", "transferLoss"), train);
    const behind = logRatioInterval(orInfinity(final(results, adam, "finalTransferLoss")), kfac);
    const [first, second, third] = [fits.high < Math.log(0.01), poorly.low > Math.log(3), behind.low > Math.log(10)];
    return {
      verdict: third && (first || second) ? (first && second ? "holds" : "holds partly") : "does not hold",
      measured: `${short(100 * Math.exp(fits.mean), 2)} % of the train loss remains, of the transfer loss ${ratio(poorly)} that share; transfer loss ${ratio(behind)} KFAC's`,
      numbers: { trainShare: Math.exp(fits.mean), transferOverTrain: Math.exp(poorly.mean), transferRatio: Math.exp(behind.mean) },
    };
  },
};

/** Figure 1. */
export const curves: Figure = {
  id: "representation-curves",
  title: "Linear representation learning: train loss, subspace distance, transfer loss",
  caption:
    "Median over seeds (line) and range from the best to the worst seed (band), each method at its own best rate, for weakly (above) and " +
    "strongly (below) anisotropic inputs; KFAC is the paper's stylised form (P = FᵀF, Q = XᵀX/n, least-squares head); its rate is kept to 0.3 at most, as with 1 it arrives in one step and there is no curve to draw. See that KFAC is as fast below as above, while the others stall far from the subspace; that " +
    "transfer loss falls with the distance, not with the train loss. A KFAC curve that slows down from above to below, or a method with a " +
    "large distance and a small transfer loss, would contradict the paper.",
  plan: (settings, results) => [low, high].flatMap((cond) => tuned(settings, results, cond).flatMap(({ run }) => run.plan)),
  draw,
  table(settings, results) {
    const rows = [low, high].flatMap((cond) =>
      tuned(settings, results, cond).map(({ method, run }) => {
        const cell = (name: string) => short(median(orInfinity(final(results, run, name))));
        const edge = run.atEdge ? " (edge of the grid)" : "";
        return [
          short(cond),
          methodOf(method).label,
          `${short(run.lr)}${edge}`,
          cell("stepsTo0.1"),
          cell("finalDistance"),
          cell("finalTrainLoss"),
          cell("finalTransferLoss"),
        ];
      }),
    );
    return {
      caption:
        "Medians over seeds; — = not reached, or diverged. Rates chosen on seeds of their own: fewest steps to distance 0.1, then smallest final distance.",
      header: ["condition number", "method", "rate", "steps to 0.1", "final distance", "final train loss", "final transfer loss"],
      rows,
    };
  },
  claims: [transferFollowsDistance, lowTrainPoorTransfer, batchNormDoesNotRepair],
};
