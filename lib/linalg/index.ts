export * from "./cholesky.js";
export * from "./eigh.js";
export * from "./elementwise.js";
export * from "./matrix.js";
export * from "./products.js";
export * from "./qr.js";
export * from "./solve.js";
export * from "./svd.js";
