import { axpy, dot, scale } from "../linalg/index.js";
import { allocate, Matrix, type Real } from "../linalg/matrix.js";

/** The last pairs s = x⁺ − x, y = g⁺ − g of a quasi-Newton method, and what L-BFGS makes of them. */
export class Pairs {
  /** Plain data; the newest pair is in row (pairs − 1) mod history. */
  readonly state: { s: Matrix<Real>; y: Matrix<Real>; pairs: number };
  readonly #alpha: Float64Array;

  constructor(
    private readonly history: number,
    size: number,
    like: Real,
  ) {
    const rows = () => new Matrix(allocate(history * size, like), history, size);
    this.state = { s: rows(), y: rows(), pairs: 0 };
    this.#alpha = new Float64Array(history);
  }

  /** d ← −H g by the two-loop recursion (Nocedal & Wright 2006, Algorithm 7.4), H₀ = (sᵀy / yᵀy) I. */
  descend(gradient: Real, d: Real): void {
    const { s, y, pairs } = this.state;
    const { history } = this;
    d.set(gradient);
    scale(-1, d);
    const stored = Math.min(pairs, history);
    for (let k = 1; k <= stored; k++) {
      const i = (pairs - k) % history;
      this.#alpha[i] = dot(s.rowArray(i), d) / dot(s.rowArray(i), y.rowArray(i));
      axpy(-this.#alpha[i]!, y.rowArray(i), d);
    }
    if (stored > 0) {
      const i = (pairs - 1) % history;
      scale(dot(s.rowArray(i), y.rowArray(i)) / dot(y.rowArray(i), y.rowArray(i)), d);
    }
    for (let k = stored; k >= 1; k--) {
      const i = (pairs - k) % history;
      const beta = dot(y.rowArray(i), d) / dot(s.rowArray(i), y.rowArray(i));
      axpy(this.#alpha[i]! - beta, s.rowArray(i), d);
    }
  }

  /** Takes in s = α·direction, y = after − before, unless yᵀs is not positive by a margin; the oldest pair goes. */
  remember(alpha: number, direction: Real, before: Real, after: Real): void {
    const { s, y, pairs } = this.state;
    const roundoff = after instanceof Float64Array ? 2 ** -52 : 2 ** -23;
    const ys = alpha * (dot(after, direction) - dot(before, direction));
    let yy = 0;
    for (let k = 0; k < after.length; k++) yy += (after[k]! - before[k]!) ** 2;
    if (!(ys > roundoff * yy)) return;
    const i = pairs % this.history;
    const row = { s: s.rowArray(i), y: y.rowArray(i) };
    row.s.set(direction);
    scale(alpha, row.s);
    row.y.set(after);
    axpy(-1, before, row.y);
    this.state.pairs = pairs + 1;
  }
}
