import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eigh, gemm, Matrix } from "../../../lib/linalg/index.js";
import { Metrics, orthonormalizeRows, randomTask, randomTrunk, subspaceDistance } from "../../../lib/models/linear-representation/index.js";
import { Stream } from "../../../lib/random/index.js";

const golden = JSON.parse(readFileSync(new URL("../../fixtures/steps.json", import.meta.url), "utf8")).deterministic;

const k = 4;
const d = 17;
const dy = 6;
const stream = new Stream(11, "metrics test");
const trunk = randomTrunk(stream.child("trunk"), k, d);
const task = randomTask(stream.child("task"), trunk, { dy, cond: 300, condF: 0, noise: 0.2 });
const metrics = new Metrics(k, d, dy);
const gaussian = (purpose: string, rows: number, cols: number) => stream.child(purpose).normal(Matrix.zeros(rows, cols));

/** A trunk at a known angle to `trunk`: its rows mixed, one of them turned by θ towards a direction outside. */
function turned(theta: number): Matrix {
  const outside = gaussian("outside", 1, d);
  const along = gemm(outside, trunk.T);
  gemm(along, trunk, { out: outside, alpha: -1, beta: 1 });
  orthonormalizeRows(outside);
  const out = trunk.clone();
  for (let j = 0; j < d; j++) out.set(2, j, Math.cos(theta) * trunk.get(2, j) + Math.sin(theta) * outside.get(0, j));
  const mix = Matrix.identity(k);
  gemm(gaussian("mix", k, k), Matrix.identity(k), { out: mix, alpha: 0.2, beta: 2 });
  return gemm(mix, out);
}

describe("distance", () => {
  it("meets the golden value", () => {
    const { G, G_star, out } = golden.subspace_distance;
    expect(subspaceDistance(Matrix.from(G), Matrix.from(G_star))).toBeCloseTo(out, 12);
  });

  it.each([1e-12, 1e-7, 1e-3, 0.5, 1.2, Math.PI / 2])("is sin θ at θ = %d, relative to 1e-3 even where it is tiny", (theta) => {
    expect(Math.abs(metrics.distance(turned(theta), trunk) / Math.sin(theta) - 1)).toBeLessThan(theta < 1e-6 ? 1e-3 : 1e-8);
  });

  it("does not depend on the basis or scale of either row space", () => {
    const g = gaussian("g", k, d);
    const mixed = gemm(gaussian("mix2", k, k), g);
    for (let i = 0; i < mixed.data.length; i++) mixed.data[i]! *= 1e-40;
    expect(metrics.distance(mixed, trunk)).toBeCloseTo(metrics.distance(g, trunk), 10);
    expect(subspaceDistance(g, gemm(gaussian("mix3", k, k), trunk))).toBeCloseTo(metrics.distance(g, trunk), 10);
    expect(subspaceDistance(trunk, g)).toBeCloseTo(metrics.distance(g, trunk), 10);
  });

  it("is 1 for dependent rows and NaN for rows that are not finite", () => {
    const g = trunk.clone();
    g.row(3).copy(g.row(1));
    expect(metrics.distance(g, trunk)).toBe(1);
    g.set(0, 0, Number.NaN);
    expect(metrics.distance(g, trunk)).toBeNaN();
    g.set(0, 0, Number.POSITIVE_INFINITY);
    expect(metrics.distance(g, trunk)).toBeNaN();
  });
});

describe("loss", () => {
  it("is the expected loss: agrees with a trace formula and with the noise alone at the truth", () => {
    expect(metrics.loss(task, task.head, trunk)).toBeCloseTo(0.5 * dy * 0.04, 14);
    const f = gaussian("f", dy, k);
    const g = gaussian("g2", k, d);
    const error = gemm(f, g);
    for (let i = 0; i < error.data.length; i++) error.data[i] = task.map.data[i]! - error.data[i]!;
    const quadratic = gemm(gemm(error, task.covariance.matrix), error.T);
    let trace = 0;
    for (let i = 0; i < dy; i++) trace += quadratic.get(i, i);
    expect(metrics.loss(task, f, g)).toBeCloseTo(0.5 * trace + 0.12, 10);
  });
});

describe("transferLoss", () => {
  it("is the excess loss at the least-squares head", () => {
    const g = gaussian("g3", k, d);
    // F = M S Gᵀ (G S Gᵀ)^{-1}, by least squares on the coloured rows
    const colored = gemm(g, task.covariance.sqrt);
    const target = gemm(task.map, task.covariance.sqrt);
    const { values, vectors } = eigh(gemm(colored, colored.T));
    const scaled = vectors.clone();
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) scaled.set(i, j, vectors.get(i, j) / values[j]!);
    const f = gemm(gemm(target, colored.T), gemm(scaled, vectors.T));
    const excess = metrics.transferLoss(task, g);
    expect(excess).toBeCloseTo(metrics.loss(task, f, g) - 0.5 * dy * task.noise ** 2, 10);
    // and no other head does better
    for (let i = 0; i < f.data.length; i++) f.data[i]! += 1e-3;
    expect(metrics.loss(task, f, g) - 0.5 * dy * task.noise ** 2).toBeGreaterThan(excess);
  });

  it("vanishes with the square of the distance", () => {
    const ratio = (theta: number) => metrics.transferLoss(task, turned(theta)) / theta ** 2;
    expect(metrics.transferLoss(task, gemm(gaussian("mix4", k, k), trunk))).toBeLessThan(1e-26);
    expect(ratio(1e-6) / ratio(1e-4)).toBeCloseTo(1, 3);
  });

  it("leaves out dependent rows", () => {
    const g = turned(0.3);
    const reduced = g.block(0, 0, 3, d).clone();
    g.row(3).copy(g.row(0));
    expect(metrics.transferLoss(task, g)).toBeCloseTo(new Metrics(3, d, dy).transferLoss(task, reduced), 12);
  });
});
