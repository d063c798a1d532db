export * as linearRepresentation from "./linear-representation/index.js";
export * as networks from "./networks/index.js";
export * as singleIndex from "./single-index/index.js";
