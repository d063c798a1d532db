import { describe, expect, it } from "vitest";
import { hermite } from "../../lib/special/hermite.js";
import { gaussHermite } from "../../lib/theory/index.js";

describe("hermite", () => {
  it("is 1, z, (z²−1)/√2, (z³−3z)/√6 for k = 0 … 3", () => {
    for (const z of [-2.5, -1, 0, 0.3, 4]) {
      expect(hermite(0, z)).toBe(1);
      expect(hermite(1, z)).toBeCloseTo(z, 14);
      expect(hermite(2, z)).toBeCloseTo((z * z - 1) / Math.SQRT2, 12);
      expect(hermite(3, z)).toBeCloseTo((z ** 3 - 3 * z) / Math.sqrt(6), 12);
    }
  });

  it("is orthonormal under the normal law", () => {
    const { nodes, weights } = gaussHermite(30);
    for (let j = 0; j <= 12; j++) {
      for (let k = 0; k <= j; k++) {
        const product = nodes.reduce((sum, z, i) => sum + weights[i]! * hermite(j, z) * hermite(k, z), 0);
        expect(Math.abs(product - (j === k ? 1 : 0))).toBeLessThan(1e-10);
      }
    }
  });

  it("refuses what is no degree", () => {
    for (const k of [-1, 0.5, Number.NaN]) expect(() => hermite(k, 1)).toThrow(RangeError);
  });
});
