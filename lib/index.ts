/**
 * Layer-wise preconditioned optimization on the CPU. What a training loop needs is here; the rest is in the subpaths
 * `layerwise/linalg`, `/random`, `/nn`, `/optim`, `/io`, `/models`, `/theory`, `/experiments`, `/report`.
 *
 * @packageDocumentation
 */
export { type DType, Matrix, type Operand, type Real, Transposed } from "./linalg/index.js";
export * from "./nn/index.js";
export {
  createOptimizer,
  defineMethod,
  loadCheckpoint,
  type Method,
  methodIds,
  type Optimizer,
  type OptimizerState,
  type Parameter as OptimizerParameter,
  registerMethod,
  type Statistic,
  saveCheckpoint,
} from "./optim/index.js";
export { Stream } from "./random/index.js";
export { type BlasInfo, blasInfo, getThreads, type SelfCheck, type SelfCheckReport, selfCheck, setThreads } from "./runtime.js";
