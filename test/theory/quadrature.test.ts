import { describe, expect, it } from "vitest";
import { gaussHermite, gaussianExpectation, gaussLegendre } from "../../lib/theory/quadrature.js";

/** E Z^k = (k−1)!! for even k. */
function moment(k: number): number {
  let product = 1;
  for (let j = k - 1; j > 1; j -= 2) product *= j;
  return k % 2 ? 0 : product;
}

describe("Gauss rules", () => {
  it.each([1, 2, 5, 12, 20])("Gauss–Hermite with %i nodes integrates polynomials of degree < 2n exactly", (n) => {
    const { nodes, weights } = gaussHermite(n);
    for (let k = 0; k < 2 * n; k++) {
      const value = nodes.reduce((total, z, i) => total + weights[i] * z ** k, 0);
      expect(Math.abs(value - moment(k))).toBeLessThan(1e-11 * (moment(k) || moment(k + 1)));
    }
  });

  it("Gauss–Hermite with two and three nodes is the textbook rule", () => {
    expect(Array.from(gaussHermite(2).nodes)).toEqual([expect.closeTo(-1, 14), expect.closeTo(1, 14)]);
    expect(gaussHermite(3).nodes[2]).toBeCloseTo(Math.sqrt(3), 14);
    expect(gaussHermite(3).weights[1]).toBeCloseTo(2 / 3, 14);
  });

  it.each([1, 3, 16, 96])("Gauss–Legendre with %i nodes integrates polynomials on [0, 1]", (n) => {
    const { nodes, weights } = gaussLegendre(n);
    for (let k = 0; k < 2 * n; k++) {
      expect(nodes.reduce((total, x, i) => total + weights[i] * x ** k, 0)).toBeCloseTo(1 / (k + 1), 12);
    }
  });

  it("refuses sizes that are no rule", () => {
    for (const n of [0, -1, 1.5, Number.NaN, 513]) {
      expect(() => gaussHermite(n)).toThrow(RangeError);
      expect(() => gaussLegendre(n)).toThrow(RangeError);
    }
  });
});

/** P(Z > a) by its Taylor series, an independent route: Φ(a) = ½ + φ(a) Σ a^{2k+1}/(2k+1)!!. */
function upperTail(a: number): number {
  let term = a;
  let sum = a;
  for (let k = 1; k < 60; k++) {
    term *= (a * a) / (2 * k + 1);
    sum += term;
  }
  return 0.5 - (sum * Math.exp((-a * a) / 2)) / Math.sqrt(2 * Math.PI);
}

describe("gaussianExpectation", () => {
  it("knows smooth closed forms", () => {
    for (const std of [0.05, 0.5, 1, 2, 4]) {
      expect(gaussianExpectation(Math.cos, { std }).value).toBeCloseTo(Math.exp((-std * std) / 2), 12);
      expect(gaussianExpectation((u) => u ** 4, { std }).value / (3 * std ** 4)).toBeCloseTo(1, 12);
    }
    expect(gaussianExpectation((z) => Math.exp((z * z) / 4)).value).toBeCloseTo(Math.SQRT2, 10);
  });

  it.each([undefined, [0.7]])("integrates a ReLU with kink at 0.7 (kinks given: %s)", (kinks) => {
    const density = Math.exp(-0.49 / 2) / Math.sqrt(2 * Math.PI);
    const want = density - 0.7 * upperTail(0.7);
    expect(Math.abs(gaussianExpectation((z) => Math.max(z - 0.7, 0), { kinks }).value - want)).toBeLessThan(1e-12);
  });

  it("integrates a jump found by bisection, with an honest error", () => {
    const { value, error } = gaussianExpectation((u) => (u > 0.31 ? 1 : 0), { std: 2 });
    expect(Math.abs(value - upperTail(0.155))).toBeLessThanOrEqual(Math.max(error, 1e-13));
    expect(error).toBeLessThan(1e-11);
  });

  it("resolves a bump narrower than the density", () => {
    const w = 0.1;
    const want = (w / Math.hypot(1, w)) * Math.exp(-0.09 / 2 / (1 + w * w));
    expect(gaussianExpectation((u) => Math.exp(-((u - 0.3) ** 2) / 2 / (w * w))).value / want).toBeCloseTo(1, 11);
  });

  it("bounds the error of jumps everywhere: ⌊u⌋ has E = −½, also where its far jumps are not bisected", () => {
    for (const std of [0.1, 0.7, 1, 1.3, 2]) {
      const { value, error } = gaussianExpectation(Math.floor, { std });
      expect(Math.abs(value + 0.5)).toBeLessThanOrEqual(Math.max(error, 1e-15));
    }
  });

  it("follows a function that grows fast: E exp(cZ²) = (1−2c)^{−½} up to c = 0.476", () => {
    for (const c of [0.2, 0.4, 0.45, 1 / 2.1]) {
      expect(gaussianExpectation((z) => Math.exp(c * z * z)).value * Math.sqrt(1 - 2 * c)).toBeCloseTo(1, 11);
    }
  });

  it("sees between its points what it is told of", () => {
    const value = gaussianExpectation((u) => (u > 0.3 && u < 0.31 ? 1 : 0), { kinks: [0.3, 0.31] }).value;
    expect(Math.abs(value - (upperTail(0.3) - upperTail(0.31)))).toBeLessThan(1e-14);
  });

  it.each([
    [{ scale: Number.NaN }, /scale/],
    [{ scale: -1 }, /scale/],
    [{ kinks: [0, Number.NaN] }, /kinks/],
    [{ tolerance: Number.NaN }, /tolerance/],
  ])("refuses %o", (options, message) => {
    expect(() => gaussianExpectation(Math.abs, options)).toThrow(message);
  });

  it("refuses what has no expectation", () => {
    expect(() => gaussianExpectation((z) => Math.exp((z * z) / 2))).toThrow(/grows too fast/);
    expect(() => gaussianExpectation((z) => Math.exp(z * z * 4))).toThrow(RangeError);
    expect(() => gaussianExpectation(() => Number.NaN)).toThrow(/NaN/);
    expect(() => gaussianExpectation((z) => 1 / z)).toThrow(RangeError);
    for (const std of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => gaussianExpectation((z) => z, { std })).toThrow(RangeError);
  });
});
