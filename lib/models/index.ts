export * as networks from "./networks/index.js";
