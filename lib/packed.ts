/**
 * BLAS for small matrices. Most of a small call is Node-API reading its arguments: 3 ns a number, 34 a typed array, of which 29 go
 * into its class, which JavaScript knows at once. So for the most frequent routines numbers go through memory, classes are looked at
 * here, and the rest is checked where it always is. What is not of the right types goes to the ordinary routine, which says why.
 */
import type { Binding, Blas } from "../binding.js";

/** %TypedArray%.prototype[@@toStringTag]: the class of an array, whatever its prototype says. */
const className = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Float64Array.prototype), Symbol.toStringTag)!.get as () => unknown;

/** A routine as the addon has it, and in its packed form. */
interface Forms<Routine> extends ReturnType<Binding["packed"]> {
  readonly ordinary: Routine;
  readonly wanted: string;
}

function gemm<T extends Real>({ ordinary, numbers, call, wanted }: Forms<Blas<T>["gemm"]>): Blas<T>["gemm"] {
  return (transA, transB, m, n, k, alpha, a, aOffset, lda, b, bOffset, ldb, beta, c, cOffset, ldc) => {
    if (
      typeof transA !== "boolean" ||
      typeof transB !== "boolean" ||
      typeof m !== "number" ||
      typeof n !== "number" ||
      typeof k !== "number" ||
      typeof alpha !== "number" ||
      typeof aOffset !== "number" ||
      typeof lda !== "number" ||
      typeof bOffset !== "number" ||
      typeof ldb !== "number" ||
      typeof beta !== "number" ||
      typeof cOffset !== "number" ||
      typeof ldc !== "number" ||
      className.call(a) !== wanted ||
      className.call(b) !== wanted ||
      className.call(c) !== wanted
    )
      return ordinary(transA, transB, m, n, k, alpha, a, aOffset, lda, b, bOffset, ldb, beta, c, cOffset, ldc);
    numbers[0] = transA ? 1 : 0;
    numbers[1] = transB ? 1 : 0;
    numbers[2] = m;
    numbers[3] = n;
    numbers[4] = k;
    numbers[5] = alpha;
    numbers[6] = aOffset;
    numbers[7] = lda;
    numbers[8] = bOffset;
    numbers[9] = ldb;
    numbers[10] = beta;
    numbers[11] = cOffset;
    numbers[12] = ldc;
    call(a, b, c);
  };
}

function syrk<T extends Real>({ ordinary, numbers, call, wanted }: Forms<Blas<T>["syrk"]>): Blas<T>["syrk"] {
  return (trans, n, k, alpha, a, aOffset, lda, beta, c, cOffset, ldc) => {
    if (
      typeof trans !== "boolean" ||
      typeof n !== "number" ||
      typeof k !== "number" ||
      typeof alpha !== "number" ||
      typeof aOffset !== "number" ||
      typeof lda !== "number" ||
      typeof beta !== "number" ||
      typeof cOffset !== "number" ||
      typeof ldc !== "number" ||
      className.call(a) !== wanted ||
      className.call(c) !== wanted
    )
      return ordinary(trans, n, k, alpha, a, aOffset, lda, beta, c, cOffset, ldc);
    numbers[0] = trans ? 1 : 0;
    numbers[1] = n;
    numbers[2] = k;
    numbers[3] = alpha;
    numbers[4] = aOffset;
    numbers[5] = lda;
    numbers[6] = beta;
    numbers[7] = cOffset;
    numbers[8] = ldc;
    call(a, c);
  };
}

function axpy<T extends Real>({ ordinary, numbers, call, wanted }: Forms<Blas<T>["axpy"]>): Blas<T>["axpy"] {
  return (rows, cols, alpha, x, xOffset, ldx, y, yOffset, ldy) => {
    if (
      typeof rows !== "number" ||
      typeof cols !== "number" ||
      typeof alpha !== "number" ||
      typeof xOffset !== "number" ||
      typeof ldx !== "number" ||
      typeof yOffset !== "number" ||
      typeof ldy !== "number" ||
      className.call(x) !== wanted ||
      className.call(y) !== wanted
    )
      return ordinary(rows, cols, alpha, x, xOffset, ldx, y, yOffset, ldy);
    numbers[0] = rows;
    numbers[1] = cols;
    numbers[2] = alpha;
    numbers[3] = xOffset;
    numbers[4] = ldx;
    numbers[5] = yOffset;
    numbers[6] = ldy;
    call(x, y);
  };
}

type Real = Float64Array | Float32Array;

/** The frequent BLAS routines of one precision, by their names without the letter; none where memory cannot be shared with the addon. */
export function packedBlas<T extends Real>(binding: Binding, prefix: "d" | "s"): Partial<Blas<T>> {
  const forms = <Routine>(name: "gemm" | "syrk" | "axpy"): Forms<Routine> => ({
    ordinary: binding[`${prefix}${name}`] as unknown as Routine,
    wanted: prefix === "d" ? "Float64Array" : "Float32Array",
    ...binding.packed(`${prefix}${name}`),
  });
  try {
    return { gemm: gemm<T>(forms("gemm")), syrk: syrk<T>(forms("syrk")), axpy: axpy<T>(forms("axpy")) };
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_NO_EXTERNAL_MEMORY") throw error;
    return {};
  }
}
