export * from "./metrics.js";
export * from "./moments.js";
export * from "./preconditioned-step.js";
export * from "./student.js";
export * from "./task.js";
export * from "./training.js";
