import type { Figure } from "../figure.js";
import { dampingMap } from "./damping-map.js";
import { features } from "./features.js";
import { generalizationCondition } from "./generalization-condition.js";
import { local } from "./local.js";
import { covariancePowers } from "./powers.js";
import { rateMap } from "./rate-map.js";
import { secondOrder } from "./second-order.js";
import { sensing } from "./sensing.js";
import { stepSizes } from "./step-sizes.js";
import { subspace } from "./subspace.js";

/** The figures that `layerwise reproduce --all` adds. Add a line to add one. */
export const moreFigures: readonly Figure[] = [
  dampingMap,
  generalizationCondition,
  stepSizes,
  local,
  rateMap,
  secondOrder,
  features,
  covariancePowers,
  subspace,
  sensing,
];
