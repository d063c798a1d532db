export * from "./batches.js";
export * from "./metrics.js";
export * from "./student.js";
export * from "./symmetric-solver.js";
export * from "./task.js";
export * from "./training.js";
