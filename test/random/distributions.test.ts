import { describe, expect, it } from "vitest";
import { Stream } from "../../lib/random/index.js";
import { chiSquareScore, gammaP, kolmogorovSmirnov, meanScore, worstAutocorrelation } from "./statistics.js";

const n = 1_000_000;

describe("uniform", () => {
  const u = new Stream(1, "uniform").uniform(new Float64Array(n));

  it("is uniform on [0, 1), in its leading and in its low bits", () => {
    expect(kolmogorovSmirnov(u, (x) => x)).toBeLessThan(2.5);
    for (const scale of [1, 2 ** 20, 2 ** 45]) {
      const counts = new Float64Array(256);
      for (const x of u) counts[Math.floor(((x * scale) % 1) * 256)]!++;
      expect(Math.abs(chiSquareScore(counts))).toBeLessThan(4.5);
    }
    expect(
      worstAutocorrelation(
        u.map((x) => (x - 0.5) * Math.sqrt(12)),
        32,
      ),
    ).toBeLessThan(4.8);
  });

  it("stays below 1 in single precision", () => {
    const single = new Stream(1, "uniform").uniform(new Float32Array(n));
    expect(Math.max(...single.slice(0, 100_000))).toBeLessThan(1);
    for (let i = 0; i < 1000; i++) expect(single[i]).toBe(Math.floor(u[i]! * 2 ** 24) / 2 ** 24);
  });
});

describe("rademacher", () => {
  it("has fair and independent signs at every position of a word", () => {
    const s = new Stream(2, "signs").rademacher(new Float64Array(64 * 20_000));
    const sums = new Float64Array(64);
    s.forEach((x, i) => {
      sums[i % 64]! += x;
    });
    expect(s.every((x) => Math.abs(x) === 1)).toBe(true);
    for (const sum of sums) expect(Math.abs(sum) / Math.sqrt(20_000)).toBeLessThan(4.5);
    expect(worstAutocorrelation(s, 130)).toBeLessThan(4.8);
  });
});

describe("integers", () => {
  it.each([1, 2, 7, 1000])("are equally likely below %i", (bound) => {
    const counts = new Float64Array(bound);
    for (const k of new Stream(3, bound).integers(new Int32Array(n), bound)) counts[k]!++;
    if (bound === 1) expect(counts[0]).toBe(n);
    else expect(Math.abs(chiSquareScore(counts))).toBeLessThan(5);
  });

  it("reach over the whole range at the largest bound, and refuse other bounds", () => {
    const k = new Stream(3, "wide").integers(new Int32Array(1000), 2 ** 31);
    expect(Math.min(...k)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...k)).toBeGreaterThan(0.98 * 2 ** 31);
    for (const bad of [0, -1, 1.5, 2 ** 31 + 1, Number.NaN]) {
      expect(() => new Stream(3).integers(new Int32Array(4), bad)).toThrow(RangeError);
    }
  });
});

describe("permutation", () => {
  it("permutes", () => {
    expect(Array.from(new Stream(4).permutation(1000).sort())).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("gives all 120 orders of five equally often", () => {
    const stream = new Stream(4, "five");
    const counts = new Map<string, number>();
    for (let k = 0; k < 60_000; k++) {
      const order = stream.permutation(5).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(120);
    expect(Math.abs(chiSquareScore([...counts.values()]))).toBeLessThan(4.5);
  });
});

describe("gamma", () => {
  const draws = 200_000;

  it.each([0.05, 0.3, 0.5, 1, 1.7, 12, 500])("of shape %f follows its law", (shape) => {
    const x = new Stream(5, shape).gamma(new Float64Array(draws), shape);
    expect(kolmogorovSmirnov(x, (v) => gammaP(shape, v))).toBeLessThan(2.5);
    expect(Math.abs(meanScore(x, (v) => v, shape, shape))).toBeLessThan(4.5);
    // Var (x − a)² = 2a² + 6a
    expect(Math.abs(meanScore(x, (v) => (v - shape) ** 2, shape, 2 * shape ** 2 + 6 * shape))).toBeLessThan(4.5);
    expect(Math.abs(meanScore(neighbours(x, shape), (v) => v, 0, 1))).toBeLessThan(4.5);
  });

  it("would not pass with a shape wrong by 2 %", () => {
    const x = new Stream(5, "control").gamma(new Float64Array(draws), 1.02);
    expect(kolmogorovSmirnov(x, (v) => gammaP(1, v))).toBeGreaterThan(2.5);
    expect(Math.abs(meanScore(x, (v) => v, 1, 1))).toBeGreaterThan(6);
  });

  it("scales, steps its shape, and gives chi-squares", () => {
    const stream = () => new Stream(6);
    const chi = stream().chiSquare(new Float64Array(4), 9, { step: -1 });
    for (let i = 0; i < 4; i++) {
      const all = stream().gamma(new Float64Array(4), (9 - i) / 2, { scale: 2 });
      expect(chi[i]).toBe(all[i]);
    }
    expect(stream().gamma(new Float32Array(3), 2)).toEqual(Float32Array.from(stream().gamma(new Float64Array(3), 2)));
  });

  it("refuses shapes that are not positive, and then moves nothing", () => {
    const stream = new Stream(7);
    const out = new Float64Array(4);
    for (const bad of [0, -1, Number.NaN, Infinity]) expect(() => stream.gamma(out, bad)).toThrow(RangeError);
    expect(() => stream.chiSquare(out, 3, { step: -1 })).toThrow(RangeError);
    expect(stream.gamma(out, 1)).toEqual(new Stream(7).gamma(new Float64Array(4), 1));
  });
});

/** Products of standardised neighbours. */
function neighbours(x: Float64Array, shape: number): Float64Array {
  return x.subarray(1).map((v, i) => ((v - shape) * (x[i]! - shape)) / shape);
}
