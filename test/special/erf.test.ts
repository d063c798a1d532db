import { describe, expect, it } from "vitest";
import { erf, erfc } from "../../lib/special/erf.js";

// Reference values to 16 digits: Abramowitz & Stegun, table 7.1, extended; scipy.special.
const table = [
  [1e-9, 1.1283791670955127e-9, 0.9999999988716208],
  [0.1, 0.1124629160182849, 0.8875370839817152],
  [0.51, 0.5292436198411704, 0.4707563801588296],
  [1, 0.8427007929497148, 0.15729920705028516],
  [2, 0.9953222650189527, 0.004677734981047266],
  [3, 0.9999779095030014, 2.2090496998585445e-5],
  [5, 0.9999999999984626, 1.5374597944280347e-12],
  [10, 1, 2.0884875837625446e-45],
] as const;

describe("erf and erfc", () => {
  it.each(table)("at ±%f", (x, value, complement) => {
    expect(Math.abs(erf(x) / value - 1)).toBeLessThan(1e-13);
    expect(Math.abs(erfc(x) / complement - 1)).toBeLessThan(1e-13);
    expect(erf(-x)).toBe(-erf(x));
    expect(Math.abs(erfc(-x) / (1 + value) - 1)).toBeLessThan(1e-13);
  });
});
