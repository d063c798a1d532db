/**
 * Closed forms and deterministic equivalents: pure functions, each documented with the statement it implements.
 *
 * @packageDocumentation
 */
export { hermite } from "../special/hermite.js";
export {
  type AlignmentProblem,
  alignmentProblem,
  filteredAlignment,
  kfacAlignment,
  kfacSeparateAlignment,
  type LinkProblem,
  type Metric,
  optimalDamping,
  sgdAlignment,
} from "./alignment.js";
export {
  companionStieltjes,
  degreesOfFreedom,
  type Equivalent,
  effectiveDamping,
  effectiveDampingSlope,
  equivalent,
  stieltjes,
} from "./equivalents.js";
export { hermiteCoefficients, type IndexCoefficients, indexCoefficients } from "./hermite.js";
export { type Estimate, type ExpectationOptions, gaussHermite, gaussianExpectation, gaussLegendre, type Rule } from "./quadrature.js";
export {
  angleStep,
  bestLocalRate,
  dampedRates,
  kfacNoiseFloor,
  type LocalRates,
  localRates,
  type NoiseFloor,
  type Preconditioning,
  schurSpectrum,
} from "./representation.js";
export { sensingModes } from "./sensing.js";
export { logUniformMeasure, SpectralMeasure, type Spectrum } from "./spectrum.js";
