import { describe, expect, it } from "vitest";
import { ConfigError, experimentById, parseConfig, runTrial } from "../../lib/experiments/index.js";
import { findMethod, type Method, methodIds, registerMethod } from "../../lib/optim/index.js";

const train = experimentById("train");

describe("the train experiment", () => {
  it.each(methodIds())("%s lowers the loss of the default problem at its default rate", async (optimizer) => {
    const { series, metrics } = await runTrial(train, { optimizer, steps: 40, seed: 5 });
    const losses = series.trainLoss as number[];
    const mean = (from: number, to: number) => losses.slice(from, to).reduce((sum, x) => sum + x, 0) / (to - from);
    expect(mean(-10 + losses.length, losses.length)).toBeLessThan(mean(0, 3));
    expect(metrics.finalTestLoss).toBeGreaterThan(0);
  });

  it("repeats to the bit, and depends on the seed", async () => {
    const config = { optimizer: "soap", steps: 15, seed: 8, precision: "float32", fisher: "sampled" };
    const first = await runTrial(train, config);
    expect(await runTrial(train, config)).toEqual(first);
    expect((await runTrial(train, { ...config, seed: 9 })).series.trainLoss).not.toEqual(first.series.trainLoss);
  });

  it("compares methods on the same data and the same first weights", async () => {
    const starts = await Promise.all(["sgd", "muon", "gauss-newton"].map((optimizer) => runTrial(train, { optimizer, steps: 1 })));
    expect(new Set(starts.map(({ series }) => series.trainLoss![0])).size).toBe(1);
  });

  it("counts the steps to a target", async () => {
    const { series, metrics } = await runTrial(train, { optimizer: "kfac", steps: 80, target: 1 });
    const step = metrics.stepsToTarget as number;
    const mean = (end: number) => {
      const recent = (series.trainLoss as number[]).slice(Math.max(0, end - 10), end);
      return recent.reduce((sum, x) => sum + x, 0) / recent.length;
    };
    expect(mean(step)).toBeLessThanOrEqual(1);
    expect(mean(step - 1)).toBeGreaterThan(1);
  });

  it.each([
    ["muon", '{"momentun": 0.9}', /momentun.*did you mean "momentum"/],
    ["muon", '{"momentum": 1.5}', /option "momentum".*got 1.5/],
    ["muon", "{", /JSON/],
    ["muon", "[1]", /not an object/],
    ["kfac", '{"adaptive": true, "split": "exact"}', /adaptive.*split "pi"/],
    ["lbfgs", '{"clipNorm": 1}', /clipNorm/],
    ["gauss-newton", '{"omega": 2}', /omega.*got 2/],
  ])("%s %s is refused when the configuration is read, before anything runs", (optimizer, options, message) => {
    expect(() => parseConfig(train, { optimizer, options })).toThrow(ConfigError);
    expect(() => parseConfig(train, { optimizer, options })).toThrow(message);
  });

  it("knows the methods that were registered since, and refuses others by the nearest name", async () => {
    registerMethod({ ...(findMethod("sgd") as unknown as Method), id: "registered-later" });
    const [own, sgd] = await Promise.all(["registered-later", "sgd"].map((optimizer) => runTrial(train, { optimizer, steps: 3 })));
    expect(own!.series).toEqual(sgd!.series);
    expect(() => parseConfig(train, { optimizer: "adm" })).toThrow('unknown optimizer "adm": must be one of sgd, ');
    expect(() => parseConfig(train, { optimizer: "adm" })).toThrow("did you mean adam?");
  });

  it("the labels behind output gradients are those asked for when only a group looks at them", async () => {
    const options = JSON.stringify({ groups: [{ parameters: ["layer1.weight"], method: "kfac" }] });
    const losses = (fisher: string) =>
      runTrial(train, { optimizer: "sgd", steps: 3, fisher, options }).then(({ series }) => series.trainLoss);
    const [exact, sampled, empirical] = await Promise.all(["exact", "sampled", "empirical"].map(losses));
    expect(exact).not.toEqual(empirical);
    expect(sampled).not.toEqual(empirical);
  });

  it("groups in the options reach the optimizer, and are checked against the network's names", async () => {
    const options = (group: object) => JSON.stringify({ groups: [group] });
    const still = await runTrial(train, {
      optimizer: "sgd",
      steps: 3,
      options: options({ parameters: ["layer1.weight", "layer2.weight"], lr: 0 }),
    });
    const losses = await runTrial(train, { optimizer: "sgd", steps: 3 });
    expect(still.metrics.finalTrainLoss).not.toBe(losses.metrics.finalTrainLoss);
    await expect(runTrial(train, { optimizer: "sgd", options: options({ parameters: ["nowhere"] }) })).rejects.toThrow(
      /unknown parameter "nowhere"; parameters are layer1.weight, layer2.weight/,
    );
  });
});
