/**
 * Layers with explicit forward and backward passes, which show what preconditioners need: their inputs and output gradients. Losses,
 * {@link Sequential} and {@link Residual}.
 *
 * @packageDocumentation
 */
export * from "./activation.js";
export * from "./conv2d.js";
export * from "./embedding.js";
export * from "./initialize.js";
export type { Layer, Mode, Purpose } from "./layer.js";
export { Linear, type LinearOptions } from "./linear.js";
export * from "./loss.js";
export * from "./normalization.js";
export { type Frequencies, Parameter, type Samples } from "./parameter.js";
export * from "./sequential.js";
