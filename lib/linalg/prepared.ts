/**
 * Prepared calls, for small matrices and many repetitions: arguments are checked once, and the function returned does
 * the same work on the same memory each time it is called, several times cheaper than the ordinary call.
 *
 * ```ts
 * const multiply = prepared.gemm(a, b, { out: c });
 * for (;;) multiply(); // c ← a·b
 * ```
 *
 * A list of them becomes one function, cheaper still, with `prepared.sequence`:
 *
 * ```ts
 * const step = prepared.sequence([prepared.gemm(a, b, { out: c }), prepared.axpy(-0.1, c, w)]);
 * for (;;) step(); // w ← w − 0.1·a·b
 * ```
 *
 * The function keeps the memory alive. When that memory is detached, transferred to a worker or resized to less, it throws
 * a TypeError. Numbers (`alpha`, `beta`) are fixed at preparation.
 */
import { binding, substituting } from "../binding.js";
import { axpy, dot, type Elements, norm, scale } from "./elementwise.js";
import type { Matrix, Operand, Real } from "./matrix.js";
import { gemm, gemv, ger, type Side, symm, symv, syr2k, syrk, type Triangular, trmm, trsm, type Update } from "./products.js";

/** Options whose `out` must be given. */
export type Into<Options extends { out?: unknown }> = Options & { out: NonNullable<Options["out"]> };

/** Runs `body`, whose only native call is prepared instead of made. */
function preparing<R>(body: () => unknown): () => R {
  let run: (() => R) | undefined;
  const capture = (prefix: "d" | "s") =>
    new Proxy(
      {},
      {
        get:
          (_, name) =>
          (...args: unknown[]) => {
            run = (binding.prepare as (...all: unknown[]) => () => R)(prefix + String(name), ...args);
          },
      },
    );
  substituting(capture, body);
  return run!;
}

function requireOut(name: string, options: { out?: unknown }): void {
  if (!options?.out) throw new TypeError(`prepared.${name}: out must be given`);
}

function inPlace(name: string, b: unknown, options: { out?: unknown }): void {
  if (options.out !== undefined && options.out !== b) throw new TypeError(`prepared.${name}: works in place, out must be b`);
}

/** The functions that can be prepared, with their ordinary arguments; `out` must be given. */
export const prepared = {
  gemm<T extends Real>(a: Operand<T>, b: Operand<T>, options: Into<Update<Matrix<T>>>): () => void {
    requireOut("gemm", options);
    return preparing(() => gemm(a, b, options));
  },
  gemv<T extends Real>(a: Operand<T>, x: T, options: Into<Update<T>>): () => void {
    requireOut("gemv", options);
    return preparing(() => gemv(a, x, options));
  },
  symv<T extends Real>(a: Matrix<T>, x: T, options: Into<Update<T>> & Pick<Side, "uplo">): () => void {
    requireOut("symv", options);
    return preparing(() => symv(a, x, options));
  },
  ger<T extends Real>(x: T, y: T, options: { out: Matrix<T>; alpha?: number }): () => void {
    requireOut("ger", options);
    return preparing(() => ger(x, y, options));
  },
  symm<T extends Real>(a: Matrix<T>, b: Matrix<T>, options: Into<Update<Matrix<T>>> & Side): () => void {
    requireOut("symm", options);
    return preparing(() => symm(a, b, options));
  },
  syrk<T extends Real>(a: Operand<T>, options: Into<Update<Matrix<T>>>): () => void {
    requireOut("syrk", options);
    return preparing(() => syrk(a, options));
  },
  syr2k<T extends Real>(a: Operand<T>, b: Operand<T>, options: Into<Update<Matrix<T>>>): () => void {
    requireOut("syr2k", options);
    return preparing(() => syr2k(a, b, options));
  },
  /** In place: B ← α·op(A)·B. */
  trmm<T extends Real>(a: Operand<T>, b: Matrix<T>, options: Triangular<T> = {}): () => void {
    inPlace("trmm", b, options);
    return preparing(() => trmm(a, b, { ...options, out: b }));
  },
  /** In place: B ← α·op(A)⁻¹·B. */
  trsm<T extends Real>(a: Operand<T>, b: Matrix<T>, options: Triangular<T> = {}): () => void {
    inPlace("trsm", b, options);
    return preparing(() => trsm(a, b, { ...options, out: b }));
  },
  axpy<T extends Real>(alpha: number, x: Elements<T>, y: Elements<T>): () => void {
    return preparing(() => axpy(alpha, x, y));
  },
  scale<T extends Real>(alpha: number, x: Elements<T>): () => void {
    return preparing(() => scale(alpha, x));
  },
  dot<T extends Real>(x: Elements<T>, y: Elements<T>): () => number {
    return preparing(() => dot(x, y));
  },
  norm<T extends Real>(x: Elements<T>): () => number {
    return preparing(() => norm(x));
  },
  /**
   * The calls, prepared ones or sequences of them, one after another in a single native call: an n = 4 product then costs
   * about a third of what it does alone. When memory of any of them has gone, none is run.
   * @throws TypeError naming the place in the list (from 0) of what is no prepared call, or returns a number (`dot`, `norm`).
   * The function throws TypeError as all prepared calls do, naming the first call whose memory has gone.
   */
  sequence(calls: readonly (() => void)[]): () => void {
    return binding.prepareSequence(calls);
  },
};
