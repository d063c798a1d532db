/** Integrals against the Gaussian density, with an error estimate. */

/** Nodes and weights of a quadrature rule. */
export interface Rule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

const rules = new Map<number, Rule>();

/**
 * Gauss–Hermite rule for the standard normal: `Σ w_i p(z_i) = E p(Z)` for every polynomial p of degree < 2n.
 * Nodes are the eigenvalues of the Jacobi matrix of the probabilists' Hermite polynomials (zero diagonal, off-diagonal √k)
 * and weights the squared first components of its eigenvectors (Golub & Welsch 1969), by implicit QL.
 * @param n number of nodes, 1 … 512
 * @throws RangeError when n is no integer in that range
 */
export function gaussHermite(n: number): Rule {
  if (!Number.isInteger(n) || n < 1 || n > 512) throw new RangeError(`gaussHermite: n must be an integer in [1, 512], got ${n}`);
  let rule = rules.get(n);
  if (!rule) {
    rule = golubWelsch(Float64Array.from({ length: n }, (_, k) => Math.sqrt(k + 1)));
    rules.set(n, rule);
  }
  return rule;
}

/**
 * Gauss–Legendre rule for the uniform law on [0, 1]: exact for polynomials of degree < 2n.
 * @throws RangeError when n is no integer in [1, 512]
 */
export function gaussLegendre(n: number): Rule {
  if (!Number.isInteger(n) || n < 1 || n > 512) throw new RangeError(`gaussLegendre: n must be an integer in [1, 512], got ${n}`);
  const { nodes, weights } = golubWelsch(Float64Array.from({ length: n }, (_, k) => (k + 1) / Math.sqrt(4 * (k + 1) ** 2 - 1)));
  return { nodes: nodes.map((x) => (x + 1) / 2), weights };
}

/** Rule of the symmetric Jacobi matrix with zero diagonal and the given off-diagonal (its last entry is ignored). */
function golubWelsch(offDiagonal: Float64Array): Rule {
  const n = offDiagonal.length;
  const d = new Float64Array(n);
  const e = offDiagonal.slice();
  e[n - 1] = 0;
  const first = new Float64Array(n); // first row of the eigenvector matrix
  first[0] = 1;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      if (iteration > 100) throw new Error("golubWelsch: QL did not converge");
      const g0 = (d[l + 1] - d[l]) / (2 * e[l]);
      let g = d[m] - d[l] + e[l] / (g0 + Math.sign(g0 || 1) * Math.hypot(g0, 1));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) break;
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        const v = first[i + 1];
        first[i + 1] = s * first[i] + c * v;
        first[i] = c * first[i] - s * v;
      }
      if (i >= l) {
        d[i + 1] -= p;
      } else {
        d[l] -= p;
        e[l] = g;
      }
      e[m] = 0;
    }
  }
  const order = Array.from(d.keys()).sort((a, b) => d[a] - d[b]);
  // The rule is symmetric; averaging the mirror images removes the last bits of asymmetry.
  const nodes = Float64Array.from(order, (i, j) => (d[i] - d[order[n - 1 - j]]) / 2);
  const weights = Float64Array.from(order, (i, j) => (first[i] ** 2 + first[order[n - 1 - j]] ** 2) / 2);
  const total = weights.reduce((a, b) => a + b, 0);
  return { nodes, weights: weights.map((w) => w / total) };
}

/** Options of {@link gaussianExpectation}. */
export interface ExpectationOptions {
  /** Standard deviation τ of the normal variable (default 1). */
  std?: number;
  /**
   * Points u where f or a derivative jumps; integration is split there. A lone jump or kink is found without, only more slowly; a bump
   * or a pair of jumps nearer to each other than about 0.1τ can fall between all points at which f is looked at, and must be named here.
   */
  kinks?: readonly number[];
  /** Wanted error, relative to max(E|f|, scale) (default 1e-12). */
  tolerance?: number;
  /** Size below which the value does not matter, for an f that is a small difference (default 0). */
  scale?: number;
}

/** A value with an estimate of its absolute error. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** |z| up to which integrals extend (the density is 1e-88 there), and how far they are extended for an f that grows fast (1e-282). */
const REACH = 20;
const FARTHEST = 36;
const HERMITE_SIZES = [24, 41, 66];
const MAX_PANELS = 4000;

/**
 * E f(U), U ~ N(0, τ²). Gauss–Hermite rules of growing size are accepted when three of them agree; functions which are not
 * smooth enough for that (ReLU, sign) are integrated by globally adaptive Gauss–Kronrod panels, which close in on a kink or
 * a jump by bisection. The error is an estimate from the values of f that were seen: see `kinks`.
 * @throws RangeError when an option is out of range, f is not finite where it is evaluated, f grows so fast that what lies beyond
 *   36 standard deviations counts (E f is then infinite, or close to it), or the tolerance is not reached.
 */
export function gaussianExpectation(
  f: (u: number) => number,
  { std = 1, kinks, tolerance = 1e-12, scale = 0 }: ExpectationOptions = {},
): Estimate {
  if (!(std > 0 && Number.isFinite(std))) throw new RangeError(`gaussianExpectation: std must be positive and finite, got ${std}`);
  if (!(tolerance > 0)) throw new RangeError(`gaussianExpectation: tolerance must be positive, got ${tolerance}`);
  if (!(scale >= 0 && Number.isFinite(scale))) throw new RangeError(`gaussianExpectation: scale must be finite and ≥ 0, got ${scale}`);
  const odd = kinks?.find((u) => !Number.isFinite(u));
  if (odd !== undefined) throw new RangeError(`gaussianExpectation: kinks must be finite, got ${odd}`);
  const g = (z: number) => f(std * z);
  if (!kinks?.length) {
    const smooth = hermiteExpectation(g, tolerance, scale);
    if (smooth) return smooth;
  }
  return panelExpectation(
    g,
    (kinks ?? []).map((u) => u / std),
    tolerance,
    scale,
  );
}

function hermiteExpectation(g: (z: number) => number, tolerance: number, scale: number): Estimate | null {
  let previous = Number.NaN;
  let worst = 0;
  for (const n of HERMITE_SIZES) {
    const { nodes, weights } = gaussHermite(n);
    let value = 0;
    let size = 0;
    for (let i = 0; i < n; i++) {
      const term = weights[i] * g(nodes[i]);
      value += term;
      size += Math.abs(term);
    }
    if (!Number.isFinite(size)) return null;
    if (n !== HERMITE_SIZES[0]) {
      worst = Math.max(worst, Math.abs(value - previous));
      if (worst > tolerance * Math.max(size, scale)) return null;
    }
    previous = value;
  }
  return { value: previous, error: worst };
}

interface Panel {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  readonly size: number;
  readonly error: number;
}

function panelExpectation(g: (z: number) => number, kinks: readonly number[], tolerance: number, scale: number): Estimate {
  const weighted = (z: number) => {
    const value = g(z);
    if (!Number.isFinite(value)) throw new RangeError(`gaussianExpectation: f is ${value} at ${z} standard deviations`);
    return (value * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  };
  const cuts = [
    ...new Set([...Array.from({ length: REACH + 1 }, (_, i) => 2 * i - REACH), ...kinks.filter((z) => Math.abs(z) < FARTHEST)]),
  ];
  cuts.sort((a, b) => a - b);
  const panels = cuts.slice(1).map((to, i) => gaussKronrod(weighted, cuts[i], to));
  const sum = (key: "value" | "size" | "error") => panels.reduce((total, panel) => total + panel[key], 0);
  for (;;) {
    const size = Math.max(sum("size"), scale);
    const error = sum("error");
    if (error <= tolerance * size) {
      const [least, most] = [panels[0].from, panels[panels.length - 1].to];
      const ends = [least, most].filter((z) => Math.abs(weighted(z)) > tolerance * size);
      if (!ends.length) return { value: sum("value"), error };
      for (const z of ends) {
        if (Math.abs(z) >= FARTHEST) {
          throw new RangeError(
            `gaussianExpectation: f grows too fast, what lies beyond ${FARTHEST} standard deviations counts against the tolerance`,
          );
        }
        if (z < 0) panels.unshift(gaussKronrod(weighted, Math.max(z - 2, -FARTHEST), z));
        else panels.push(gaussKronrod(weighted, z, Math.min(z + 2, FARTHEST)));
      }
      continue;
    }
    let worst = 0;
    for (let i = 1; i < panels.length; i++) if (panels[i].error > panels[worst].error) worst = i;
    const { from, to } = panels[worst];
    const middle = (from + to) / 2;
    if (panels.length >= MAX_PANELS || middle <= from || middle >= to) {
      throw new RangeError(
        `gaussianExpectation: relative error ${(error / size).toExponential(1)} after ${panels.length} panels, wanted ${tolerance}`,
      );
    }
    panels.splice(worst, 1, gaussKronrod(weighted, from, middle), gaussKronrod(weighted, middle, to));
  }
}

// The (7, 15) Gauss–Kronrod pair on [-1, 1] (Kronrod 1965; QUADPACK qk15).
const KRONROD_NODES = [
  0.9914553711208126, 0.9491079123427585, 0.8648644233597691, 0.7415311855993945, 0.5860872354676911, 0.4058451513773972,
  0.20778495500789848, 0,
];
const KRONROD_WEIGHTS = [
  0.022935322010529224, 0.06309209262997856, 0.10479001032225019, 0.14065325971552592, 0.1690047266392679, 0.19035057806478542,
  0.20443294007529889, 0.20948214108472782,
];
const GAUSS_WEIGHTS = [0, 0.1294849661688697, 0, 0.27970539148927664, 0, 0.3818300505051189, 0, 0.4179591836734694];

function gaussKronrod(f: (z: number) => number, from: number, to: number): Panel {
  const centre = (from + to) / 2;
  const half = (to - from) / 2;
  const pairs = KRONROD_NODES.map((x) => (x === 0 ? [f(centre)] : [f(centre - half * x), f(centre + half * x)]));
  const integral = (g: (value: number) => number) =>
    pairs.reduce((total, pair, i) => total + KRONROD_WEIGHTS[i] * pair.reduce((a, b) => a + g(b), 0), 0);
  const kronrod = integral((value) => value);
  const size = integral(Math.abs);
  const gauss = pairs.reduce((total, pair, i) => total + GAUSS_WEIGHTS[i] * pair.reduce((a, b) => a + b, 0), 0);
  // QUADPACK's estimate: the difference of the rules on a rough panel can be small by chance, so there it is the variation of f that counts.
  const variation = integral((value) => Math.abs(value - kronrod / 2));
  // A smooth panel cannot be known better than its rounding error, whatever the difference of the two rules says.
  const difference = Math.max(0, Math.abs(kronrod - gauss) - 4e-16 * size);
  const error = variation > 0 ? variation * Math.min(1, (200 * (difference / variation)) ** 1.5) : 0;
  return { from, to, value: half * kronrod, size: half * size, error: half * error };
}
