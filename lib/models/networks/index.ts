export { NetworkCurvature } from "./curvature.js";
export { type Dataset, digits, regression } from "./data.js";
export { type Problem, type ProblemName, problems } from "./networks.js";
export { Batches, evaluate, evaluateBatch, type Fisher } from "./trainer.js";
