import { unknownName } from "./config.js";
import { covariancePower } from "./covariance-power.js";
import { covariancePowerSteps } from "./covariance-power-steps.js";
import type { AnyExperiment } from "./define.js";
import { kfacAngle } from "./kfac-angle.js";
import { linearRepresentation } from "./linear-representation.js";
import { localRepresentationRates } from "./local-rates.js";
import { matrixSensing } from "./matrix-sensing.js";
import { multiIndex } from "./multi-index.js";
import { singleIndexAlignment } from "./single-index-alignment.js";
import { singleIndexGeneralization } from "./single-index-generalization.js";
import { singleIndexRankOne } from "./single-index-rank-one.js";
import { singleIndexSteps } from "./single-index-steps.js";
import { train } from "./train.js";

/** Every experiment of the package. Add a line to add one; nothing else names them. */
export const experiments: readonly AnyExperiment[] = [
  linearRepresentation,
  localRepresentationRates,
  kfacAngle,
  singleIndexAlignment,
  singleIndexGeneralization,
  singleIndexRankOne,
  singleIndexSteps,
  covariancePower,
  covariancePowerSteps,
  multiIndex,
  matrixSensing,
  train,
];

/** The experiment of that id. @throws ConfigError, with the nearest name, when there is none. */
export function experimentById(id: string, among: readonly AnyExperiment[] = experiments): AnyExperiment {
  const found = among.find((experiment) => experiment.id === id);
  if (!found) {
    throw unknownName(
      "experiment",
      id,
      among.map((experiment) => experiment.id),
    );
  }
  return found;
}
