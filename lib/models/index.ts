export * as linearRepresentation from "./linear-representation/index.js";
export * as networks from "./networks/index.js";
