export * from "./adam.js";
export * from "./diagonal.js";
export * from "./graft.js";
export * from "./kronecker.js";
export * from "./momentum.js";
export * from "./orthogonalize.js";
export * from "./scale.js";
export * from "./sign.js";
