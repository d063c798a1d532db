import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { binding } from "../../lib/binding.js";
import { gemm, Matrix } from "../../lib/linalg/index.js";
import { Stream } from "../../lib/random/index.js";
import { block, pair } from "../binding/philox.js";
import { instructionSets, widest } from "../instruction-sets.js";
import { kolmogorovSmirnov, meanScore, normalCdf, worstAutocorrelation } from "./statistics.js";

describe("normals", () => {
  it("are Box–Muller of the words of sequence 1, sixteen from eight", () => {
    const stream = new Stream(1, "layout");
    const z = stream.normals(160);
    for (let tile = 0; tile < 10; tile++) {
      const [low, high] = stream.key as unknown as [bigint, bigint];
      const words = [0, 1].flatMap((half) => block([low, high], BigInt(2 * tile + half), 0n, 1));
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
