/**
 * The optimizers ({@link createOptimizer}), checkpoints, and what methods are made of: stages, factors, sources of statistics.
 *
 * @packageDocumentation
 */
export { Background } from "./background.js";
export * from "./checkpoint.js";
export type { CurvatureProvider, CurvatureRows } from "./curvature.js";
export * from "./diagnostics.js";
export { Factor } from "./factor.js";
export { adaptDamping, type DampingRule, defaultDampingRule } from "./levenberg-marquardt.js";
export { type LineSearchOptions, strongWolfe, type Trial } from "./line-search.js";
export * from "./method.js";
export { adamForVectors, chooseAxes, type FactorOptions, factorPolicy, factorShape } from "./methods/shared.js";
export { ChainOptimizer, type ChainOptions, type Controller, type Group } from "./optimizer.js";
export { commonShape, type OptionsGiven, type Shape, validate, vectorShape } from "./options.js";
export { isVector } from "./parameters.js";
export * from "./policy.js";
export * from "./registry.js";
export {
  eigenbasisSolver,
  inverseRootSolver,
  type SolveContext,
  type Solved,
  type Solver,
  type Started,
  type Task,
} from "./roots.js";
export * from "./schedules.js";
export { Scratch, zerosLike } from "./scratch.js";
export * from "./sources.js";
export * from "./stages/index.js";
export * from "./types.js";
