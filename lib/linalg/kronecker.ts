import { routines } from "../binding.js";
import { leading, matrixInto, requireKnown, requireSquare } from "./arguments.js";
import { type Matrix, type Operand, type Real, Transposed } from "./matrix.js";

/** How a Kronecker factor takes in a statistic: F ← β·F + weight·scale·(X̃ᵀX̃ or XXᵀ). */
export interface FactorUpdateOptions {
  /** Decay of the old factor; 1 keeps a running sum. Default 0: the new statistic alone. */
  readonly beta?: number;
  /** Multiplies the new term on top of its weight 1 − β (1 when β = 1); 1/n turns samples into a mean. Default 1. */
  readonly scale?: number;
  /**
   * "columns" (default): rows of X are examples and the factor is over its columns, XᵀX. "rows": the factor over the
   * rows, XXᵀ.
   */
  readonly axis?: "columns" | "rows";
  /** Appends the constant 1 to every example (the bias of a layer): the factor has one more row and column. */
  readonly homogeneous?: boolean;
}

const OPTIONS = ["beta", "scale", "axis", "homogeneous"];

/** β and what the new term is multiplied by. A factor averaged with any other numbers would be lost without a word. */
function weights(name: string, { beta = 0, scale = 1 }: Pick<FactorUpdateOptions, "beta" | "scale">): [keep: number, add: number] {
  if (!(beta >= 0 && beta <= 1)) throw new RangeError(`${name}: beta must be in [0, 1], got ${beta}`);
  if (!Number.isFinite(scale)) throw new RangeError(`${name}: scale must be finite, got ${scale}`);
  return [beta, (beta === 1 ? 1 : 1 - beta) * scale];
}

/**
 * Accumulates a Kronecker factor in place: F ← β·F + (1 − β)·scale·XᵀX, by one symmetric rank-k product in full
 * symmetric storage. With β = 1 (AdaGrad's sum) the new term's weight is 1. Returns the factor.
 * @param factor n×n, symmetric; not read when β = 0.
 * @param x m×n; see `axis` and `homogeneous`.
 * @throws TypeError on mixed precisions and unknown options, RangeError when the shapes do not fit, memory is shared, β is not in [0, 1] or scale not finite.
 */
export function kroneckerFactorUpdate<T extends Real>(factor: Matrix<T>, x: Matrix<T>, options: FactorUpdateOptions = {}): Matrix<T> {
  requireKnown("kroneckerFactorUpdate", options, OPTIONS);
  const { axis = "columns", homogeneous = false } = options;
  const [keep, add] = weights("kroneckerFactorUpdate", options);
  const n = requireSquare("kroneckerFactorUpdate", factor);
  const expected = (axis === "rows" ? x.rows : x.cols) + (homogeneous ? 1 : 0);
  if (n !== expected) {
    throw new RangeError(
      `kroneckerFactorUpdate: factor must be ${expected}×${expected} for x ${x.rows}×${x.cols} along ${axis}, got ${n}×${n}`,
    );
  }
  routines(factor.data).KroneckerFactorUpdate(
    axis,
    homogeneous,
    x.rows,
    x.cols,
    add,
    x.data,
    x.offset,
    leading(x),
    keep,
    factor.data,
    factor.offset,
    leading(factor),
  );
  return factor;
}

/**
 * Both factors of one gradient G (m×n) in one call: L ← β·L + w·GGᵀ, R ← β·R + w·GᵀG, w as in
 * {@link kroneckerFactorUpdate}.
 * @throws as {@link kroneckerFactorUpdate}.
 */
export function kroneckerFactorsUpdate<T extends Real>(
  left: Matrix<T>,
  right: Matrix<T>,
  g: Matrix<T>,
  options: Pick<FactorUpdateOptions, "beta" | "scale"> = {},
): void {
  requireKnown("kroneckerFactorsUpdate", options, ["beta", "scale"]);
  const [keep, add] = weights("kroneckerFactorsUpdate", options);
  if (requireSquare("kroneckerFactorsUpdate", left) !== g.rows || requireSquare("kroneckerFactorsUpdate", right) !== g.cols) {
    throw new RangeError(
      `kroneckerFactorsUpdate: a gradient ${g.rows}×${g.cols} needs factors of order ${g.rows} and ${g.cols}, got ${left.rows} and ${right.rows}`,
    );
  }
  routines(g.data).KroneckerFactorsUpdate(
    g.rows,
    g.cols,
    add,
    g.data,
    g.offset,
    leading(g),
    keep,
    left.data,
    left.offset,
    leading(left),
    right.data,
    right.offset,
    leading(right),
  );
}

/**
 * out = L·G·R, the two-sided preconditioner L^{-a} G R^{-b} once the roots are known, or the change of basis Q_Lᵀ G Q_R
 * (`kroneckerApply(ql.T, g, qr)`). A side that is `null` is the identity. The intermediate product lives in kept scratch
 * memory: nothing is allocated when `out` is given.
 * @param left m×g.rows, or null. @param right g.cols×n, or null.
 * @param options `out` m×n; it may be G itself when both sides are present, and shares memory with no operand otherwise.
 * @throws TypeError on mixed precisions, RangeError when the shapes do not fit.
 */
export function kroneckerApply<T extends Real>(
  left: Operand<T> | null,
  g: Matrix<T>,
  right: Operand<T> | null,
  options: { readonly out?: Matrix<T> } = {},
): Matrix<T> {
  const transL = left instanceof Transposed;
  const transR = right instanceof Transposed;
  const l = left instanceof Transposed ? left.matrix : left;
  const r = right instanceof Transposed ? right.matrix : right;
  if (left && left.cols !== g.rows) throw new RangeError(`kroneckerApply: left must have ${g.rows} columns, got ${left.rows}×${left.cols}`);
  if (right && right.rows !== g.cols)
    throw new RangeError(`kroneckerApply: right must have ${g.cols} rows, got ${right.rows}×${right.cols}`);
  const m = left ? left.rows : g.rows;
  const n = right ? right.cols : g.cols;
  const out = matrixInto("kroneckerApply", "out", m, n, g.data, options.out);
  routines(g.data).KroneckerApply(
    transL,
    transR,
    m,
    n,
    g.rows,
    g.cols,
    l?.data ?? null,
    l?.offset ?? 0,
    l ? leading(l) : 0,
    g.data,
    g.offset,
    leading(g),
    r?.data ?? null,
    r?.offset ?? 0,
    r ? leading(r) : 0,
    out.data,
    out.offset,
    leading(out),
  );
  return out;
}
