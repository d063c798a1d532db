/**
 * Files of arrays: `.npy`, `.npz` and safetensors, from and to bytes. What is malformed is a {@link FormatError}.
 *
 * @packageDocumentation
 */
export * from "./npy.js";
export * from "./safetensors.js";
export { FormatError, type Tensor, toMatrix, toTensor } from "./tensor.js";
