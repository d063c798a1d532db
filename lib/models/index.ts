/**
 * The problems that experiments are about: teacher, student and metrics of each, in a namespace of its own.
 *
 * @packageDocumentation
 */
/** Linear representation learning: several tasks share a low-dimensional map of their inputs. */
export * as linearRepresentation from "./linear-representation/index.js";
/** A low-rank matrix from linear measurements. */
export * as matrixSensing from "./matrix-sensing.js";
/** A target that depends on a few directions of its inputs. */
export * as multiIndex from "./multi-index.js";
/** Networks on real and made-up data: problems, trainer, exact curvature. */
export * as networks from "./networks/index.js";
/** A target that depends on one direction of its inputs, learned by a two-layer network. */
export * as singleIndex from "./single-index/index.js";
