import { unknownName } from "./config.js";
import type { AnyExperiment } from "./define.js";
import { linearRepresentation } from "./linear-representation.js";
import { localRepresentationRates } from "./local-rates.js";
import { singleIndexAlignment } from "./single-index-alignment.js";
import { singleIndexGeneralization } from "./single-index-generalization.js";
import { train } from "./train.js";

/** Every experiment of the package. Add a line to add one; nothing else names them. */
export const experiments: readonly AnyExperiment[] = [
  linearRepresentation,
  localRepresentationRates,
  singleIndexAlignment,
  singleIndexGeneralization,
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
