export * as linearRepresentation from "./linear-representation/index.js";
export * as matrixSensing from "./matrix-sensing.js";
export * as multiIndex from "./multi-index.js";
export * as networks from "./networks/index.js";
export * as singleIndex from "./single-index/index.js";
