import type { Figure } from "../figure.js";
import { angle } from "./angle.js";
import { batchNorm } from "./batch-norm.js";
import { batchStatistics } from "./batch-statistics.js";
import { dampingMap } from "./damping-map.js";
import { features } from "./features.js";
import { generalizationCondition } from "./generalization-condition.js";
import { inputLaw } from "./input-law.js";
import { local } from "./local.js";
import { outputSide } from "./output-side.js";
import { betaPlacement } from "./placement.js";
import { powerSteps } from "./power-steps.js";
import { covariancePowers } from "./powers.js";
import { rankOne } from "./rank-one.js";
import { rateMap } from "./rate-map.js";
import { secondOrder } from "./second-order.js";
import { sensing } from "./sensing.js";
import { severalSteps } from "./several-steps.js";
import { severalTasks } from "./several-tasks.js";
import { stepSizes } from "./step-sizes.js";
import { subspace } from "./subspace.js";

/** Cheap figures on the paper's two problems that `layerwise reproduce` shows after the paper's own. Add a line to add one. */
export const essentialFigures: readonly Figure[] = [angle, dampingMap];

/** The figures that `layerwise reproduce --all` adds. Add a line to add one. */
export const moreFigures: readonly Figure[] = [
  // linear representation learning
  local,
  rateMap,
  outputSide,
  secondOrder,
  batchNorm,
  inputLaw,
  severalTasks,
  // single-index learning
  generalizationCondition,
  betaPlacement,
  batchStatistics,
  rankOne,
  stepSizes,
  severalSteps,
  // beyond
  features,
  covariancePowers,
  powerSteps,
  subspace,
  sensing,
];
