import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { gemm, Matrix } from "../../lib/linalg/index.js";
import { Stream } from "../../lib/random/index.js";
import { instructionSets, widest } from "../instruction-sets.js";
import { kolmogorovSmirnov, meanScore, normalCdf, worstAutocorrelation } from "./statistics.js";

/** Philox4x64-10 of the counter (c, 0, 0, 1), by big integers. */
function philox(key: BigUint64Array, counter: bigint): bigint[] {
  const mask = 2n ** 64n - 1n;
  let [x0, x1, x2, x3] = [counter, 0n, 0n, 1n];
  let [k0, k1] = [key[0]!, key[1]!];
  for (let round = 0; round < 10; round++) {
    const a = 0xd2e7470ee14c6c93n * x0;
    const b = 0xca5a826395121157n * x2;
    [x0, x1, x2, x3] = [(b >> 64n) ^ x1 ^ k0, b & mask, (a >> 64n) ^ x3 ^ k1, a & mask];
    k0 = (k0 + 0x9e3779b97f4a7c15n) & mask;
    k1 = (k1 + 0xbb67ae8584caa73bn) & mask;
  }
  return [x0, x1, x2, x3];
}

/** Box–Muller as documented in native/random_normal.h, by Math.log, Math.cos and Math.sin. */
function pair(word: bigint): [number, number] {
  const u = (Number((word >> 30n) & 0xffffffffn) + 0.5) / 2 ** 32;
  const phi = ((Number(word & 0x3fffffffn) + 0.5 - 2 ** 29) * Math.PI) / 2 ** 31;
  const r = Math.sqrt(-2 * Math.log(u));
  const cosine = (word >> 63n ? -r : r) * Math.cos(phi);
  const sine = r * Math.sin(phi);
  return (word >> 62n) & 1n ? [sine, cosine] : [cosine, sine];
}

describe("normals", () => {
  it("are Box–Muller of the words of sequence 1, sixteen from eight", () => {
    const stream = new Stream(1, "layout");
    const z = stream.normals(160);
    for (let tile = 0; tile < 10; tile++) {
      const words = [...philox(stream.key, BigInt(2 * tile)), ...philox(stream.key, BigInt(2 * tile + 1))];
      words.forEach((word, i) => {
        const [x, y] = pair(word);
        expect(z[16 * tile + i]).toBeCloseTo(x, 10);
        expect(z[16 * tile + 8 + i]).toBeCloseTo(y, 10);
      });
    }
  });

  it("are the same for ever, bit for bit, by whatever instructions", () => {
    try {
      for (const path of instructionSets) {
        binding.instructions(path);
        const hash = createHash("sha256");
        for (const [index, count] of [
          [0, 5000],
          [16 * 7, 208],
          [3, 1],
          [960, 960],
          [123457, 1500],
        ] as const) {
          const x = new Float64Array(count);
          binding.dNormal(BigUint64Array.of(1n, 2n), index, 0, 1, 1, count, x, 0, count);
          hash.update(new Uint8Array(x.buffer));
        }
        expect(hash.digest("hex"), path).toMatch(/^07b3bb2e893f934c82b1607f36daf0c2/);
      }
    } finally {
      widest();
    }
    expect(instructionSets).toContain("portable");
  });

  const n = 2_000_000;
  const z = new Stream(2024, "normal").normals(n);
  // E z^k = (k − 1)!! for even k, 0 for odd.
  const moment = (k: number): number => (k % 2 ? 0 : k < 2 ? 1 : (k - 1) * moment(k - 2));
  const power = (k: number) => (v: number) => {
    let product = v;
    for (let i = 1; i < k; i++) product *= v;
    return product;
  };
  const momentScore = (x: Float64Array, k: number) => meanScore(x, power(k), moment(k), moment(2 * k) - moment(k) ** 2);

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("have the right moment of order %i", (k) => {
    expect(Math.abs(momentScore(z, k))).toBeLessThan(4.5);
  });

  it("follow the normal law (KS)", () => {
    expect(kolmogorovSmirnov(z.subarray(0, 600_000), normalCdf)).toBeLessThan(2.5);
  });

  it("would not pass with a standard deviation wrong by 1 %, or a mean wrong by 0.01", () => {
    const wide = z.map((x) => 1.01 * x);
    const shifted = z.map((x) => x + 0.01);
    expect(Math.abs(momentScore(wide, 2))).toBeGreaterThan(10);
    expect(Math.abs(momentScore(shifted, 1))).toBeGreaterThan(10);
    expect(kolmogorovSmirnov(shifted.subarray(0, 600_000), normalCdf)).toBeGreaterThan(2.5);
  });

  it("have the right tails", () => {
    const draws = 16_000_000;
    const x = new Stream(7, "tails").normals(draws);
    for (const bound of [3, 4, 4.5, 5]) {
      const p = 1 - normalCdf(bound);
      let above = 0;
      let below = 0;
      for (let i = 0; i < draws; i++) {
        if (x[i]! > bound) above++;
        else if (x[i]! < -bound) below++;
      }
      for (const count of [above, below]) expect(Math.abs(count - draws * p) / Math.sqrt(draws * p), `${bound}`).toBeLessThan(4.5);
    }
  });

  it("have no autocorrelation, nor have their squares or signs", () => {
    const x = z.subarray(0, 600_000);
    expect(worstAutocorrelation(x, 48)).toBeLessThan(4.8);
    expect(
      worstAutocorrelation(
        x.map((v) => (v * v - 1) / Math.SQRT2),
        48,
      ),
    ).toBeLessThan(4.8);
    expect(worstAutocorrelation(x.map(Math.sign), 48)).toBeLessThan(4.8);
  });

  it("are uncorrelated between streams, also between keys that differ by one bit", () => {
    const length = 20_000;
    const count = 96;
    const rows = Matrix.zeros(count, length);
    for (let i = 0; i < 64; i++) new Stream(5, i).normal(rows.row(i));
    for (let i = 64; i < count; i++) {
      binding.dNormal(BigUint64Array.of(1n << BigInt(2 * (i - 64)), 0n), 0, 0, 1, 1, length, rows.data, i * length, length);
    }
    for (const f of [(x: number) => x, (x: number) => (x * x - 1) / Math.SQRT2]) {
      const values = new Matrix(rows.data.map(f), count, length);
      const gram = gemm(values, values.T, { alpha: 1 / Math.sqrt(length) });
      let worst = 0;
      for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) worst = Math.max(worst, Math.abs(gram.get(i, j)));
      expect(worst).toBeLessThan(5.5);
    }
  });
});
