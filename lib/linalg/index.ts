/**
 * Dense matrices over BLAS and LAPACK: products, factorisations, eigenproblems, inverse roots, polar factors. A {@link Matrix} is a view of
 * a typed array; nothing is copied unless said; an `out` takes a result without allocation.
 *
 * @packageDocumentation
 */
export type { Cancellable } from "./async.js";
export * from "./cholesky.js";
export * from "./eigenbasis.js";
export * from "./eigh.js";
export * from "./elementwise.js";
export * from "./inverse-root.js";
export * from "./kronecker.js";
export * from "./matrix.js";
export * from "./orthogonalize.js";
export * from "./prepared.js";
export * from "./products.js";
export * from "./qr.js";
export * from "./solve.js";
export * from "./svd.js";
export * from "./warm-root.js";
