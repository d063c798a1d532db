export * from "./npy.js";
export * from "./safetensors.js";
export { FormatError, type Tensor, toMatrix, toTensor } from "./tensor.js";
