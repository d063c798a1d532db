/** φ(α) = f(x + αd) and φ′(α). */
export interface Trial {
  readonly value: number;
  readonly slope: number;
}

/** Options of {@link strongWolfe}. */
export interface LineSearchOptions {
  /** First trial step. */
  readonly first: number;
  /** Sufficient decrease c₁: φ(α) ≤ φ(0) + c₁ α φ′(0). */
  readonly armijo: number;
  /** Curvature c₂: |φ′(α)| ≤ c₂ |φ′(0)|. */
  readonly curvature: number;
  /** Most evaluations. */
  readonly evaluations: number;
}

/**
 * A step that satisfies the strong Wolfe conditions (Nocedal & Wright 2006, Algorithms 3.5 and 3.6, safeguarded cubic
 * interpolation), or the best sufficient decrease found when evaluations run out, or 0 when there was none. The last call of
 * `evaluate` is at the returned step. Trials that are not finite count as too long.
 */
export function strongWolfe(evaluate: (alpha: number) => Trial, start: Trial, options: LineSearchOptions): number {
  const { armijo, curvature, evaluations } = options;
  const decreases = (alpha: number, { value }: Trial) => value <= start.value + armijo * alpha * start.slope;
  const flat = ({ slope }: Trial) => Math.abs(slope) <= -curvature * start.slope;
  let left = evaluations;
  let last = Number.NaN;
  const at = (alpha: number): Trial => {
    left--;
    last = alpha;
    const trial = evaluate(alpha);
    return Number.isFinite(trial.value) && Number.isFinite(trial.slope) ? trial : { value: Number.POSITIVE_INFINITY, slope: Number.NaN };
  };
  /** Ends the search at `alpha`, with the function evaluated there last. */
  const settle = (alpha: number): number => {
    if (alpha > 0 && last !== alpha) evaluate(alpha);
    return alpha;
  };

  // Bracketing: lo is the best point so far, hi the other end.
  let lo = 0;
  let loTrial = start;
  let alpha = options.first;
  let hi = Number.NaN;
  let hiTrial = start;
  while (left > 0) {
    const trial = at(alpha);
    if (!decreases(alpha, trial) || (lo > 0 && trial.value >= loTrial.value)) {
      hi = alpha;
      hiTrial = trial;
      break;
    }
    if (flat(trial)) return settle(alpha);
    if (trial.slope >= 0) {
      hi = lo;
      hiTrial = loTrial;
      lo = alpha;
      loTrial = trial;
      break;
    }
    lo = alpha;
    loTrial = trial;
    alpha *= 2;
  }
  if (Number.isNaN(hi)) return settle(lo);

  // Zoom.
  while (left > 0 && Math.abs(hi - lo) > 1e-12 * Math.max(Math.abs(hi), Math.abs(lo))) {
    alpha = interpolate(lo, loTrial, hi, hiTrial);
    const trial = at(alpha);
    if (!decreases(alpha, trial) || trial.value >= loTrial.value) {
      hi = alpha;
      hiTrial = trial;
    } else {
      if (flat(trial)) return settle(alpha);
      if (trial.slope * (hi - lo) >= 0) {
        hi = lo;
        hiTrial = loTrial;
      }
      lo = alpha;
      loTrial = trial;
    }
  }
  return settle(lo);
}

/** Minimum of the cubic through two points (Nocedal & Wright, eq. 3.59), kept a tenth of the interval from its ends; the middle if there is none. */
function interpolate(a: number, { value: fa, slope: ga }: Trial, b: number, { value: fb, slope: gb }: Trial): number {
  const d1 = ga + gb - (3 * (fa - fb)) / (a - b);
  const square = d1 * d1 - ga * gb;
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  const margin = 0.1 * (high - low);
  if (square >= 0) {
    const d2 = Math.sign(b - a) * Math.sqrt(square);
    const cubic = b - (b - a) * ((gb + d2 - d1) / (gb - ga + 2 * d2));
    if (Number.isFinite(cubic)) return Math.min(high - margin, Math.max(low + margin, cubic));
  }
  return (a + b) / 2;
}
