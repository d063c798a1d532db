export * from "./first-step.js";
export * from "./links.js";
export * from "./refit.js";
export * from "./shift.js";
export * from "./student.js";
export * from "./teacher.js";
