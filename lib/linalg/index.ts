/**
 * Dense matrices over BLAS and LAPACK: products, factorisations, eigenproblems, inverse roots, polar factors. A {@link Matrix} is a view of
 * a typed array; nothing is copied unless said; an `out` takes a result without allocation.
 *
 * At the ends of the number range: products, sums and norms follow IEEE arithmetic, so that what overflows is infinite. Factorisations,
 * solutions, inverses, eigen- and singular values, roots and polar factors of finite matrices are finite, computed in units of a power of
 * two where squares or reciprocals of the elements would leave the range, or are refused with code `ERR_OVERFLOW`, which names the
 * routine, the result and an element that does not fit the format. What underflows is rounded to a subnormal number or 0.
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
