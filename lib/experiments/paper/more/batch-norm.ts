import { logRatioInterval } from "../../statistics.js";
import { type Claim, type Figure, noData, type Results, ratio, type Settings, short, verdictOf } from "../figure.js";
import { methodOf, methods, metricOf, problem } from "../representation.js";
import { stepsAgainst } from "./steps-against.js";

const values = [1, 10, 100, 1e3];
const [isotropic, anisotropic] = [1, 1e3];
const normed = ["hidden", "input"] as const;

const comparison = stepsAgainst({
  key: "cond",
  values,
  axis: "condition number of the input covariance",
  title: "SGD with and without batch normalisation",
  base: { ...problem, sampling: "statistics" },
  variants: {
    kfac: methods.kfac,
    sgd: methods.sgd,
    hidden: methodOf("sgdHidden"),
    input: methodOf("sgdInput"),
  },
});

const finalDistance = (settings: Settings, results: Results, id: "kfac" | "sgd" | "hidden" | "input", cond: number) =>
  metricOf(results, comparison.tuned(settings, results, id, cond).trials, "finalDistance").map((value) => value ?? 1);

const neitherRepairs: Claim = {
  id: "batch-norm-hidden-or-input",
  statement:
    "Batch normalisation, of the hidden layer or of the inputs, does not repair SGD under anisotropic inputs, and adds a floor of its own.",
  source: "Zhang et al. 2025, on batch normalisation",
  estimator: `Of each kind of batch norm, at its best rate (chosen on other seeds): arrivals at distance 0.1 at condition number ${anisotropic}; final distance over KFAC's there, and over that of SGD without it on isotropic inputs (log ratios, paired over seeds).`,
  test:
    "Holds if for both kinds no seed arrives in 1000 steps, and the 95 % confidence intervals of the two mean log ratios lie above log 10 and above 0; " +
    "partly if at least half of these six checks pass.",
  judge(settings, results) {
    const found = normed.map((id) => {
      const steps = metricOf(results, comparison.tuned(settings, results, id, anisotropic).trials, "stepsTo0.1");
      const far = logRatioInterval(
        finalDistance(settings, results, id, anisotropic),
        finalDistance(settings, results, "kfac", anisotropic),
      );
      const floor = logRatioInterval(finalDistance(settings, results, id, isotropic), finalDistance(settings, results, "sgd", isotropic));
      return { id, arrived: steps.filter((value) => value !== null).length, runs: steps.length, far, floor };
    });
    if (found.some(({ runs }) => runs === 0)) return noData;
    return {
      verdict: verdictOf(found.flatMap(({ arrived, far, floor }) => [arrived === 0, far.low > Math.log(10), floor.low > 0])),
      measured: found
        .map(
          ({ id, arrived, runs, far, floor }) =>
            `${id}: ${arrived}/${runs} arrive, ends ${ratio(far)} as far as KFAC; on isotropic inputs ${ratio(floor)} as far as without`,
        )
        .join("; "),
      numbers: Object.fromEntries(
        found.flatMap(({ id, far, floor }) => [
          [`${id}Far`, Math.exp(far.mean)],
          [`${id}Floor`, Math.exp(floor.mean)],
        ]),
      ),
    };
  },
};

export const batchNorm: Figure = {
  id: "batch-norm",
  title: "Batch normalisation of the hidden layer and of the inputs",
  caption: `Median steps to distance 0.1, each at its best rate, chosen on other seeds (bars: range over seeds; at ${short(problem.steps)}: not reached). See both kinds of batch norm climb with SGD, not lie flat with KFAC. A curve with batch norm that reaches the distance at 1000 would contradict the paper.`,
  ...comparison,
  claims: [neitherRepairs],
};
