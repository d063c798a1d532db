import { describe, expect, it } from "vitest";
import { experimentById, runTrial } from "../../../lib/experiments/index.js";
import { Batches, evaluateBatch, problems } from "../../../lib/models/networks/index.js";
import { Stream } from "../../../lib/random/index.js";

const train = experimentById("train");

describe("networks on the digits", () => {
  // Rates of docs/optimizers.md; bounds with room for other seeds, whose last losses were at most 0.53, 0.47, 0.37, 0.70, 340, 201.
  it.each([
    ["mlp", "adam", 0.01, {}, 0.8],
    ["mlp", "kfac", 0.0316, {}, 0.8],
    ["convnet", "soap", 0.03, { every: 10 }, 0.7],
    ["convnet", "kfac", 0.0316, { every: 10 }, 1],
    ["autoencoder-small", "muon", 0.2, {}, 400],
    ["autoencoder-small", "kfac", 0.1, { adaptive: true, reject: true, every: 10 }, 250],
  ])(
    "%s learns by %s",
    async (model, optimizer, lr, options, bound) => {
      const config = { model, optimizer, lr, steps: 20, precision: "float32", evaluateEvery: 0, seed: 7, options: JSON.stringify(options) };
      const { metrics, series } = await runTrial(train, config);
      const losses = series.trainLoss as number[];
      expect(losses.at(-1)!).toBeLessThan(bound);
      expect(losses[0]!).toBeGreaterThan(1.3 * bound);
      // What was learnt holds for digits that were not seen.
      expect(metrics.finalTestLoss as number).toBeLessThan(1.2 * bound);
      if (model !== "autoencoder-small") expect(metrics.finalTestError as number).toBeLessThan(0.25);
    },
    60_000,
  );

  it("the large autoencoder is that of Martens & Grosse (2015), with gradients at every weight", async () => {
    const { network: make, data: load, loss } = problems.autoencoder;
    const network = make(new Stream(1, "weights"), "float32");
    expect(network.parameters.map(({ value }) => [value.cols - 1, value.rows])).toEqual([
      [784, 1000],
      [1000, 500],
      [500, 250],
      [250, 30],
      [30, 250],
      [250, 500],
      [500, 1000],
      [1000, 784],
    ]);
    const data = await load(new Stream(2, "data"), "float32");
    expect([data.inputs.rows, data.testInputs.rows]).toEqual([8000, 2000]);
    const batch = new Batches(data, 16, new Stream(3, "batches")).draw();
    const value = evaluateBatch(network, loss(), batch, { kind: "sampled", stream: new Stream(4, "labels") });
    expect(Number.isFinite(value)).toBe(true);
    for (const { name, gradient, outputGradients } of network.parameters) {
      expect(gradient.data.every(Number.isFinite), name).toBe(true);
      expect(Math.hypot(...gradient.rowArray(0)), name).toBeGreaterThan(0);
      expect(outputGradients!.samples.rows).toBe(16);
    }
  });
});
