import { describe, expect, it } from "vitest";
import { isotropicSpectrum, logSpectrum, powerLawSpectrum, spikedSpectrum, twoPointSpectrum } from "../../lib/random/index.js";

const mean = (x: Float64Array) => x.reduce((a, b) => a + b, 0) / x.length;

describe("spectra", () => {
  it.each([1, 2, 7, 200])("have d = %i positive ascending eigenvalues with mean 1", (d) => {
    const families = [
      isotropicSpectrum(d),
      logSpectrum(d, 1e4),
      twoPointSpectrum(d, 0.9),
      powerLawSpectrum(d, 1.5),
      spikedSpectrum(d, [10]),
      spikedSpectrum(d, []),
    ];
    for (const values of families) {
      expect(values.length).toBe(d);
      expect(mean(values)).toBeCloseTo(1, 12);
      for (let i = 0; i < d; i++) expect(values[i]).toBeGreaterThan(i ? values[i - 1]! * (1 - 1e-12) : 0);
    }
  });

  it("are what their names say", () => {
    const log = logSpectrum(5, 1e4);
    expect(log[4]! / log[0]!).toBeCloseTo(1e4, 8);
    expect(log[1]! / log[0]!).toBeCloseTo(10, 10);
    expect(Array.from(twoPointSpectrum(4, 0.25))).toEqual([0.75, 0.75, 1.25, 1.25]);
    twoPointSpectrum(3, 0.5).forEach((x, i) => {
      expect(x).toBeCloseTo([0.6, 0.6, 1.8][i]!, 14);
    });
    const power = powerLawSpectrum(3, 2);
    expect(power[2]! / power[0]!).toBeCloseTo(9, 12);
    expect(Array.from(spikedSpectrum(4, [5, 3]))).toEqual([0.4, 0.4, 1.2, 2]);
  });

  it("refuse what they cannot mean", () => {
    for (const bad of [0, -1, 2.5, Number.NaN]) expect(() => isotropicSpectrum(bad)).toThrow(/d must be a positive integer/);
    for (const bad of [0.5, Number.NaN, Infinity]) expect(() => logSpectrum(3, bad)).toThrow(/cond/);
    for (const bad of [-0.1, 1, Number.NaN]) expect(() => twoPointSpectrum(4, bad)).toThrow(/e must be/);
    expect(() => powerLawSpectrum(4, -1)).toThrow(RangeError);
    expect(() => spikedSpectrum(2, [1, 2, 3])).toThrow(/at most d = 2/);
    expect(() => spikedSpectrum(2, [0])).toThrow(/spikes\[0\]/);
  });
});
