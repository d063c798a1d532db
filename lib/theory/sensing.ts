/**
 * Local rates of low-rank factorisation: descent on ½‖UVᵀ − M*‖² from balanced U, V next to M* = Σ σ_i u_i v_iᵀ.
 */

/**
 * Factors by which the modes of the error shrink per step, ascending. The error moves by −η(E V Vᵀ + U Uᵀ E): with plain gradients
 * `1 − η(σ_i + σ_j)` between the singular directions and `1 − ησ_i` across them; with ScaledGD (Tong, Ma & Chi 2021, arXiv 2005.08898)
 * VVᵀ and UUᵀ become projections: `1 − 2η` and `1 − η`, whatever the condition number.
 * @param singular σ_i of M*, positive
 * @param eta η > 0
 * @throws RangeError otherwise
 */
export function sensingModes(singular: ArrayLike<number>, eta: number, scaled: boolean): Float64Array {
  if (!(eta > 0 && Number.isFinite(eta))) throw new RangeError(`sensingModes: eta must be positive and finite, got ${eta}`);
  const values = Array.from(singular, (s) => {
    if (!(s > 0 && Number.isFinite(s))) throw new RangeError(`sensingModes: singular values must be positive and finite, got ${s}`);
    return scaled ? 1 : s;
  });
  if (values.length === 0) throw new RangeError("sensingModes: no singular values");
  const pairs = values.flatMap((a) => values.map((b) => a + b));
  return Float64Array.from([...values, ...pairs], (c) => 1 - eta * c).sort();
}
