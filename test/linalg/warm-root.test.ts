import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import {
  inverseRoot,
  kroneckerFactorUpdate,
  Matrix,
  norm,
  qr,
  type Real,
  syrk,
  WarmRoot,
  type WarmRootOptions,
} from "../../lib/linalg/index.js";
import { instructionSets, widest } from "../instruction-sets.js";
import { gaussian, generator } from "./residuals.js";

type Path = (t: number) => Matrix<Real>;

/** The exponential moving average of samples whose coordinates have standard deviations `scales(t)`, mixed by a fixed matrix. */
function movingAverage(
  n: number,
  batch: number,
  beta: number,
  seed: number,
  scale: (j: number, t: number) => number,
  dtype: "float64" | "float32" = "float64",
): Path {
  const mixing = gaussian(n, n, seed).data.map((x, i) => (i % (n + 1) === 0 ? 1 : (0.3 * x) / Math.sqrt(n)));
  const normal = generator(seed + 1);
  const factor = Matrix.zeros(n, n, dtype) as Matrix<Real>;
  const x = Matrix.zeros(batch, n, dtype) as Matrix<Real>;
  return (t) => {
    for (let i = 0; i < batch; i++) {
      const z = Float64Array.from({ length: n }, (_, j) => normal() * scale(j, t));
      for (let j = 0; j < n; j++)
        x.set(
          i,
          j,
          z.reduce((sum, v, k) => sum + v * mixing[j * n + k]!, 0),
        );
    }
    return kroneckerFactorUpdate(factor, x, { beta: t === 0 ? 0 : beta, scale: 1 / batch });
  };
}

function relativeError(got: Matrix<Real>, wanted: Matrix<Real>): number {
  const difference = got.clone();
  difference.data.forEach((x, i) => {
    difference.data[i] = x - wanted.data[i]!;
  });
  return norm(difference) / norm(wanted);
}

afterEach(widest);

const condition = (n: number, c: number) => (j: number) => Math.sqrt(c) ** (-j / (n - 1));

describe("WarmRoot", () => {
  const cases: [string, number, number, Path, number, number][] = [
    ["slow average, p = 4", 24, 4, movingAverage(24, 24, 0.99, 1, condition(24, 1e3)), 1e-3, 0.5],
    ["small batches, p = 2", 16, 2, movingAverage(16, 4, 0.99, 2, condition(16, 1e4)), 1e-2, 0.9],
    ["p = 1, tight tolerance", 20, 1, movingAverage(20, 40, 0.999, 3, condition(20, 1e2)), 1e-4, 0.5],
    ["p = 3", 12, 3, movingAverage(12, 24, 0.999, 4, condition(12, 1e3)), 1e-3, 0.2],
    ["equal eigenvalues", 16, 4, movingAverage(16, 64, 0.99, 5, () => 1), 1e-3, 0.3],
    ["a spectrum that turns over", 16, 4, movingAverage(16, 32, 0.99, 6, (j, t) => Math.exp(2 * Math.sin(j + t / 40))), 1e-3, 0.7],
    ["spikes", 16, 2, movingAverage(16, 16, 0.99, 7, (j, t) => (t % 50 === 25 ? 100 : 1) / (1 + j)), 1e-3, 0.9],
  ];
  for (const [name, n, p, path, tolerance, mostExact] of cases) {
    it(`stays within its tolerance and seldom needs eigenvectors: ${name}`, () => {
      const root = new WarmRoot(n, { p, damping: 1e-6, relativeTo: "trace", tolerance, method: "first-order" });
      const out = Matrix.zeros(n, n);
      let worst = 0;
      for (let t = 0; t < 400; t++) {
        const factor = path(t) as Matrix;
        root.update(factor, { out });
        worst = Math.max(worst, relativeError(out, inverseRoot(factor, { p, damping: 1e-6, relativeTo: "trace", method: "eigh" })));
        for (let i = 0; i < n; i++)
          for (let j = 0; j < i; j++) if (out.get(i, j) !== out.get(j, i)) expect(out.get(i, j)).toBe(out.get(j, i));
      }
      expect(worst).toBeLessThan(tolerance);
      expect(root.counts.exact / root.counts.updates).toBeLessThan(mostExact);
    });
  }

  it.each(instructionSets)("stays within its tolerance with %s instructions, in both precisions", (which) => {
    binding.instructions(which);
    for (const dtype of ["float64", "float32"] as const) {
      for (const p of [1, 2, 3, 4]) {
        const n = 21; // no multiple of any vector's length
        const path = movingAverage(n, n, 0.99, p, condition(n, 1e2), dtype);
        const root = new WarmRoot(n, { p, damping: 1e-4, relativeTo: "trace", tolerance: 1e-3, method: "first-order", dtype });
        for (let t = 0; t < 40; t++) {
          const factor = path(t);
          const exact = inverseRoot(factor, { p, damping: 1e-4, relativeTo: "trace", method: "eigh" });
          expect(relativeError(root.update(factor as never), exact), `${dtype} p = ${p} t = ${t}`).toBeLessThan(1e-3);
        }
        expect(root.counts.exact).toBeLessThan(root.counts.updates);
      }
    }
  });

  const halvings = (spectrum: readonly number[], p: number, order: 1 | 2) => {
    const n = spectrum.length;
    const change = gaussian(n, n, 3);
    const errors = (order === 1 ? [1e-2, 5e-3, 2.5e-3] : [2e-2, 1e-2, 5e-3]).map((h) => {
      const a = Matrix.diagonal(spectrum);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a.set(i, j, a.get(i, j) + h * (change.get(i, j) + change.get(j, i)));
      const update = (tolerance: number) => {
        const root = new WarmRoot(n, { p, tolerance, method: "first-order" });
        root.update(Matrix.diagonal(spectrum));
        const out = root.update(a);
        expect(root.info.method).toBe("first-order");
        return { out, estimate: root.info.residual };
      };
      // The second order is taken where the first is not enough.
      const first = update(1);
      const { out, estimate } = order === 1 ? first : update(0.9 * first.estimate);
      if (order === 2) expect(estimate).toBeLessThan(0.9 * first.estimate);
      return relativeError(out, inverseRoot(a, { p, method: "eigh" }));
    });
    return [errors[0]! / errors[1]!, errors[1]! / errors[2]!];
  };

  it("is exact to first order: halving the change at least quarters the error, also between nearly equal eigenvalues", () => {
    for (const p of [2, 3, 4, 7]) {
      for (const ratio of halvings([1, 1 + 1e-9, 1 + 1e-13, 2, 2, 3, 5, 8, 13, 21], p, 1)) expect(ratio).toBeGreaterThan(3.7);
    }
  });

  it("has the second-order term too: exactly for p = 1, and where the eigenvalues are close", () => {
    for (const ratio of halvings([1, 1 + 1e-9, 1 + 1e-13, 2, 2, 3, 5, 8, 13, 21], 1, 2)) expect(ratio).toBeGreaterThan(7.5);
    for (const p of [2, 3, 4, 7])
      for (const ratio of halvings([1, 1 + 1e-9, 1, 1.1, 1.2, 1.1, 1, 1], p, 2)) expect(ratio).toBeGreaterThan(7.5);
  });

  const long: [string, number, number, number, (j: number, t: number) => number, number, number][] = [
    ["condition 1e2", 20, 4, 0.99, condition(20, 1e2), 1e-4, 0.2],
    ["condition 1e6", 20, 2, 0.99, condition(20, 1e6), 1e-3, 0.05],
    ["condition 1e10", 20, 4, 0.95, condition(20, 1e10), 1e-3, 0.05],
    ["clusters", 20, 2, 0.99, (j) => (j % 3 === 0 ? 1 : 0.2), 1e-4, 0.4],
    ["half of the directions never seen", 20, 4, 0.99, (j) => (j < 10 ? 1 : 0), 1e-3, 0.05],
    ["a jump", 20, 4, 0.99, (j, t) => (t >= 500 ? 1e3 : 1) / (1 + ((j + (t >= 500 ? 7 : 0)) % 20)), 1e-3, 0.05],
    [
      "growing a millionfold from where single precision has no numbers",
      20,
      4,
      0.99,
      (j, t) => 1e-30 * 10 ** (0.003 * t) * condition(20, 1e2)(j),
      1e-3,
      0.3,
    ],
  ];
  for (const [name, n, p, beta, scale, tolerance, mostExact] of long) {
    it(`keeps its bound over a thousand steps: ${name}`, () => {
      const path = movingAverage(n, n, beta, 11, scale);
      const root = new WarmRoot(n, { p, damping: 1e-6, relativeTo: "trace", tolerance, method: "first-order" });
      let worst = 0;
      for (let t = 0; t < 1000; t++) {
        const factor = path(t) as Matrix;
        const out = root.update(factor);
        if (root.info.method !== "eigh" && (t % 5 === 0 || t > 990 || (t > 495 && t < 520)))
          worst = Math.max(worst, relativeError(out, inverseRoot(factor, { p, damping: 1e-6, relativeTo: "trace", method: "eigh" })));
      }
      expect(worst).toBeGreaterThan(0);
      expect(worst).toBeLessThan(tolerance);
      expect(root.counts.exact / root.counts.updates).toBeLessThan(mostExact);
    });
  }

  /** The largest error of updates that were not exact, and how many those were. */
  function followed(n: number, options: WarmRootOptions, path: Path, steps: number): { worst: number; quick: number } {
    const root = new WarmRoot(n, { ...options, method: "first-order" });
    const { tolerance: _, ...exactly } = options;
    let [worst, quick] = [0, 0];
    for (let t = 0; t < steps; t++) {
      const factor = path(t) as Matrix;
      const out = root.update(factor);
      if (root.info.method !== "first-order") continue;
      quick++;
      worst = Math.max(worst, relativeError(out, inverseRoot(factor, { ...exactly, method: "eigh" })));
    }
    return { worst, quick };
  }

  /** Q diag(d) Qᵀ in a fixed basis. */
  const spectral = (n: number, d: (j: number, t: number) => number): Path => {
    const q = qr(gaussian(n, n, 14) as Matrix).q;
    return (t) => {
      const half = q.clone();
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) half.data[i * n + j]! *= Math.sqrt(d(j, t));
      return syrk(half);
    };
  };

  it("does not trust single precision once an eigenvalue has jumped, as the basis alone would let it", () => {
    for (const jump of [1e4, 1e5, 1e6]) {
      const { worst, quick } = followed(
        24,
        { p: 2, tolerance: 2e-5 },
        spectral(24, (j, t) => (j === 3 && t % 6 === 5 ? jump : 1 + j / 24)),
        24,
      );
      expect(worst, `${jump}`).toBeLessThan(2e-5);
      expect(quick).toBeGreaterThan(12);
    }
    // A factor that grows out of its absolute damping.
    const growing = spectral(24, (j, t) => (t % 6 === 5 ? 1e6 : 1) * 10 ** ((-6 * j) / 24));
    expect(followed(24, { p: 2, tolerance: 1e-4, damping: 1 }, growing, 24).worst).toBeLessThan(1e-4);
  });

  it("keeps its bound where the damping follows the largest eigenvalue, and is quick where that hardly matters", () => {
    const n = 24;
    const coupled = (e: number): Path => {
      const plain = Matrix.diagonal(Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0.8 / (1 + 0.01 * i))));
      const other = plain.clone();
      for (let i = 1; i < 8; i++)
        for (const [k, l] of [
          [0, i],
          [i, 0],
        ] as const)
          other.set(k, l, e);
      return (t) => (t % 3 === 2 ? other : plain);
    };
    for (const damping of [0.1, 1, 10])
      for (const e of [0.03, 0.1]) expect(followed(n, { p: 2, damping, relativeTo: "max" }, coupled(e), 12).worst).toBeLessThan(1e-3);
    const { worst, quick } = followed(n, { p: 2, damping: 1e-6, relativeTo: "max" }, movingAverage(n, n, 0.99, 16, condition(n, 1e3)), 200);
    expect(worst).toBeLessThan(1e-3);
    expect(quick).toBeGreaterThan(150);
  });

  it.each(["floor", "pseudo-inverse"] as const)("sees an eigenvalue fall below the threshold before the diagonal does: %s", (small) => {
    const n = 24;
    const path = movingAverage(n, n, 0.95, 17, (j, t) => (j % 4 === 0 ? 3 * 0.97 ** (t * (1 + (j % 5) / 10)) : 1));
    const options = { p: 4, tolerance: 1e-2, small, threshold: 1e-3 } as const;
    const { worst, quick } = followed(n, options, path, 260);
    expect(worst).toBeLessThan(1e-2);
    expect(quick).toBeGreaterThan(100);
  });

  it.each([
    ["in the whole space", (i: number, z: Real) => z[i]!],
    ["of few coordinates", (i: number) => (i < 4 ? 4 : 0)],
  ] as const)("sees an error that comes at once and has but one direction, whatever the probes: %s", (_, direction) => {
    const n = 70;
    const plain = Matrix.diagonal(Float64Array.from({ length: n }, (_, i) => 1 + i / n / 10));
    const changed = plain.clone();
    const z = gaussian(1, n, 18).data;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) changed.data[i * n + j]! += 0.002 * direction(i, z) * direction(j, z);
    const exact = inverseRoot(changed, { p: 4, method: "eigh" });
    const loose = new WarmRoot(n, { p: 4, tolerance: 1 });
    loose.update(plain);
    const { basis, counters } = loose.state();
    // The first order alone would be over this tolerance, whenever it is taken.
    const tolerance = relativeError(loose.update(changed), exact) / 1.15;
    const root = new WarmRoot(n, { p: 4, tolerance });
    let over = 0;
    for (let k = 0; k < 1500; k++) {
      counters[2] = k * n;
      root.load({ basis, counters });
      if (relativeError(root.update(changed), exact) > tolerance) over++;
    }
    expect(over).toBeLessThanOrEqual(3);
    expect(root.counts.exact).toBeLessThan(300);
  });

  it("turns the basis without losing orthogonality", () => {
    const n = 24;
    const path = movingAverage(n, n, 0.95, 12, () => 1);
    const root = new WarmRoot(n, { p: 4, damping: 1e-6, relativeTo: "trace", tolerance: 1e-3 });
    let turned = 0;
    for (let t = 0; t < 600; t++) {
      root.update(path(t) as Matrix);
      // A basis made anew by eigenvectors, or one turned: both are of age 1.
      if (root.state().counters[0] === 1 && root.info.method === "first-order") turned++;
    }
    const { basis } = root.state();
    const gram = syrk(basis);
    let defect = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) defect += (gram.get(i, j) - (i === j ? 1 : 0)) ** 2;
    expect(turned).toBeGreaterThan(20);
    expect(Math.sqrt(defect / n)).toBeLessThan(1e-4);
  });

  it("works in double precision throughout for tolerances that single precision cannot keep", () => {
    const path = movingAverage(16, 64, 0.9999, 13, condition(16, 1e2));
    const root = new WarmRoot(16, { p: 4, tolerance: 1e-8 });
    let [worst, quick] = [0, 0];
    for (let t = 0; t < 400; t++) {
      const factor = path(t) as Matrix;
      const out = root.update(factor);
      if (root.info.method === "eigh" || t < 200) continue;
      quick++;
      worst = Math.max(worst, relativeError(out, inverseRoot(factor, { p: 4, method: "eigh" })));
    }
    expect(quick).toBeGreaterThan(20);
    expect(worst).toBeGreaterThan(1e-12);
    expect(worst).toBeLessThan(1e-8);
  });

  it("takes the exact path for another factor, and with tolerance 0", () => {
    const root = new WarmRoot(16, { p: 2 });
    for (const seed of [1, 2, 3]) {
      const a = kroneckerFactorUpdate(Matrix.zeros(16, 16), gaussian(40, 16, seed) as Matrix);
      const out = root.update(a);
      expect(root.info.method).toBe("eigh");
      expect(out.data).toEqual(inverseRoot(a, { p: 2 }).data);
    }
    const strict = new WarmRoot(3, { p: 2, tolerance: 0 });
    strict.update(Matrix.diagonal([1, 2, 3]));
    strict.update(
      Matrix.from([
        [1, 0.01, 0],
        [0.01, 2, 0],
        [0, 0, 3],
      ]),
    );
    expect(strict.counts).toEqual({ updates: 2, exact: 2 });
  });

  it("takes Cholesky for p = 1", () => {
    const root = new WarmRoot(5, { p: 1, damping: 0.1, relativeTo: "trace" });
    const a = kroneckerFactorUpdate(Matrix.zeros(5, 5), gaussian(20, 5, 1) as Matrix);
    for (let t = 0; t < 2; t++) {
      expect(root.update(a).data).toEqual(inverseRoot(a, { p: 1, damping: 0.1, relativeTo: "trace" }).data);
      expect(root.info.method).toBe("cholesky");
    }
    expect(root.counts).toEqual({ updates: 2, exact: 2 });
  });

  it("keeps what it has when a factor is refused", () => {
    const root = new WarmRoot(4, { p: 2 });
    const good = Matrix.diagonal([4, 3, 2, 1]);
    root.update(good);
    const before = root.state();
    const out = Matrix.zeros(4, 4).fill(9);
    for (const [value, code] of [
      [Number.NaN, "ERR_NOT_FINITE"],
      [Number.POSITIVE_INFINITY, "ERR_NOT_FINITE"],
      [-1, "ERR_NOT_POSITIVE_DEFINITE"],
    ] as const) {
      const bad = good.clone();
      bad.set(2, 2, value);
      expect(() => root.update(bad, { out })).toThrow(expect.objectContaining({ code }));
    }
    expect(root.state().basis.data).toEqual(before.basis.data);
    expect(out.data.every((x) => x === 9)).toBe(true);
    root.update(good);
    expect(root.info.method).toBe("first-order");
  });

  it("goes on from a saved state bit by bit", () => {
    const [a, b] = [0, 1].map(() => ({ root: new WarmRoot(8, { p: 4 }), path: movingAverage(8, 16, 0.99, 9, condition(8, 100)) }));
    for (let t = 0; t < 30; t++) {
      a!.root.update(a!.path(t) as Matrix);
      b!.root.update(b!.path(t) as Matrix);
    }
    const fresh = new WarmRoot(8, { p: 4 });
    fresh.load(a!.root.state());
    for (let t = 30; t < 60; t++) expect(fresh.update(a!.path(t) as Matrix).data).toEqual(b!.root.update(b!.path(t) as Matrix).data);
    expect(() => fresh.load({ basis: Matrix.zeros(3, 3), counters: new Float64Array(7) })).toThrow(RangeError);
  });

  it("works in single precision", () => {
    const path = movingAverage(16, 32, 0.99, 4, condition(16, 100), "float32");
    const root = new WarmRoot<Float32Array>(16, { p: 4, dtype: "float32", tolerance: 1e-3 });
    let worst = 0;
    for (let t = 0; t < 100; t++) {
      const factor = path(t) as Matrix<Float32Array>;
      worst = Math.max(worst, relativeError(root.update(factor), inverseRoot(Matrix.zeros(16, 16).copy(factor), { p: 4 })));
    }
    expect(worst).toBeLessThan(1e-3);
    expect(root.counts.exact).toBeLessThan(50);
    expect(() => root.update(Matrix.zeros(16, 16) as never)).toThrow(TypeError);
  });
});
