import { describe, expect, it } from "vitest";
import { syrk } from "../../../lib/linalg/index.js";
import { links, placement, pooledLogRatio, pooledSquaredCosine, SingleIndexTeacher } from "../../../lib/models/single-index/index.js";
import { logSpectrum, Stream } from "../../../lib/random/index.js";

describe("placement", () => {
  it("spreads |β*| = 1 over all, the largest or the smallest quarter, whatever the order of the spectrum", () => {
    const spectrum = [3, 1, 8, 2, 5, 7, 4, 6];
    expect(Array.from(placement(spectrum, "isotropic"))).toEqual(Array(8).fill(1 / 8));
    expect(Array.from(placement(spectrum, "top"))).toEqual([0, 0, 0.5, 0, 0, 0.5, 0, 0]);
    expect(Array.from(placement(spectrum, "bottom"))).toEqual([0, 0.5, 0, 0.5, 0, 0, 0, 0]);
    for (const d of [1, 2, 5, 7]) expect(placement(logSpectrum(d, 10), "top").reduce((a, b) => a + b)).toBeCloseTo(1, 14);
  });
});

describe("SingleIndexTeacher", () => {
  const spectrum = logSpectrum(12, 50);
  const teacher = new SingleIndexTeacher(spectrum, placement(spectrum, "isotropic"), links["he1+he2"], 0.4);
  const n = 40_000;
  const batch = teacher.sample(new Stream(77, "teacher test"), n);

  it("draws inputs of covariance S", () => {
    const covariance = syrk(batch.inputs.T, { alpha: 1 / n });
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 12; j++) {
        const [want, scale] = [i === j ? spectrum[i] : 0, Math.sqrt(spectrum[i] * spectrum[j])];
        expect(Math.abs(covariance.get(i, j) - want) / scale).toBeLessThan(5 * Math.sqrt(2 / n));
      }
    }
  });

  it("labels are the link of ⟨β*, x⟩ plus noise of the stated size", () => {
    const row = batch.inputs.rowArray(5);
    const u = row.reduce((total, x, j) => total + x * teacher.beta[j], 0);
    expect(batch.clean[5]).toBeCloseTo(u + (u * u - 1) / Math.SQRT2, 12);
    const noise = batch.labels.map((y, i) => y - batch.clean[i]);
    expect(noise.reduce((total, e) => total + e * e, 0) / n / 0.16).toBeCloseTo(1, 1);
  });

  it("is reproducible, and other purposes give other samples", () => {
    const again = teacher.sample(new Stream(77, "teacher test"), 3);
    const other = teacher.sample(new Stream(77, "other"), 3);
    expect(Array.from(again.inputs.rowArray(2))).toEqual(Array.from(batch.inputs.rowArray(2)));
    expect(other.labels[0]).not.toBe(again.labels[0]);
  });

  it("squared cosines: 1 along β*, 0 across, by the metric", () => {
    const plane = new SingleIndexTeacher([4, 1], [0.5, 0.5], links.linear, 0);
    expect(plane.squaredCosine([2, 2], "covariance")).toBeCloseTo(1, 14);
    expect(plane.squaredCosine([1, -1], "euclidean")).toBeCloseTo(0, 14);
    expect(plane.squaredCosine([1, -1], "covariance")).toBeCloseTo((3 / 5) ** 2, 14);
    expect(plane.squaredCosine([1, 0], "covariance")).toBeCloseTo(4 / 5, 14);
  });
});

describe("pooledSquaredCosine", () => {
  const draws = (n: number, name: string) => {
    const z = new Stream(5, "pooled", name).normals(2 * n);
    return Array.from({ length: n }, (_, i) => ({ overlap: 1 + 0.3 * z[2 * i], energy: 2 + 0.4 * z[2 * i + 1] }));
  };

  it("is the ratio of the mean moments, and the plain cosine for one draw", () => {
    expect(pooledSquaredCosine([{ overlap: 3, energy: 12 }])).toEqual({ value: 0.75, standardError: null });
    expect(
      pooledSquaredCosine([
        { overlap: 3, energy: 12 },
        { overlap: 1, energy: 4 },
      ]).value,
    ).toBe(0.5);
  });

  it("its standard error is that of repetitions", () => {
    const repeated = Array.from({ length: 400 }, (_, r) => pooledSquaredCosine(draws(30, `repetition ${r}`)));
    const mean = repeated.reduce((total, { value }) => total + value, 0) / 400;
    const spread = Math.sqrt(repeated.reduce((total, { value }) => total + (value - mean) ** 2, 0) / 399);
    const claimed = repeated.reduce((total, { standardError }) => total + standardError!, 0) / 400;
    expect(Math.abs(claimed / spread - 1)).toBeLessThan(0.15);
    expect(mean).toBeCloseTo(0.5, 2);
  });
});

describe("pooledLogRatio", () => {
  const moments = (scale: number, shared: readonly number[]) =>
    shared.map((x) => ({ overlap: scale * (1 + 0.2 * x), energy: 2 + 0.3 * x }));
  const shared = Array.from({ length: 24 }, (_, i) => Math.sin(1.7 * i));

  it("is the log of the ratio of the pooled squared cosines", () => {
    const [a, b] = [moments(0.6, shared), moments(0.5, [...shared].reverse())];
    expect(pooledLogRatio(a, b).value).toBeCloseTo(Math.log(pooledSquaredCosine(a).value / pooledSquaredCosine(b).value), 13);
  });

  it("does not count as error what the draws share, and equals the independent error where they share nothing", () => {
    expect(pooledLogRatio(moments(0.6, shared), moments(0.5, shared)).standardError).toBeLessThan(1e-12);
    const noise = (seed: number) => Array.from(new Stream(seed, "log ratio").normals(4000));
    const [a, b] = [moments(0.6, noise(1)), moments(0.5, noise(2))];
    const relative = [a, b].map((draws) => pooledSquaredCosine(draws).standardError! / pooledSquaredCosine(draws).value);
    const independent = Math.hypot(relative[0]!, relative[1]!);
    expect(pooledLogRatio(a, b).standardError! / independent).toBeGreaterThan(0.93);
    expect(pooledLogRatio(a, b).standardError! / independent).toBeLessThan(1.07);
  });

  it("has no error for a single draw", () => {
    expect(pooledLogRatio(moments(1, [0]), moments(1, [1])).standardError).toBeNull();
  });
});
