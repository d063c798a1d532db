import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type AnyExperiment,
  ConfigError,
  defineExperiment,
  describeKeys,
  experiments,
  parseAssignments,
  parseConfig,
} from "../../lib/experiments/index.js";

const toy = defineExperiment({
  id: "toy",
  title: "Toy",
  summary: "For tests.",
  schema: z.strictObject({
    d: z.number().int().min(1).max(1000).default(10).describe("dimension"),
    lr: z.number().positive().max(10).default(0.1).describe("learning rate"),
    optimizer: z.enum(["sgd", "adam", "kfac"]).default("sgd").describe("method"),
    centred: z.boolean().default(false).describe("centre the labels"),
    widths: z.array(z.number().int().positive()).default([4, 4]).describe("layer widths"),
    damping: z.number().min(0).max(1).nullable().default(null).describe("damping, null for the method's own"),
    seed: z.number().int().nonnegative().default(0).describe("seed"),
  }),
  trial: () => ({}),
});

function errorOf(raw: Record<string, unknown>, experiment: AnyExperiment = toy): ConfigError {
  try {
    parseConfig(experiment, raw);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).not.toContain("\n");
    return error as ConfigError;
  }
  throw new Error("accepted");
}

describe("registered experiments", () => {
  it("refuse more spikes than dimensions before anything runs", () => {
    const spiked = experiments.filter((experiment) => describeKeys(experiment).some(({ key }) => key === "spikes"));
    expect(spiked.length).toBeGreaterThan(8);
    for (const experiment of spiked) {
      expect(errorOf({ spectrum: "spiked", d: 2 }, experiment)).toMatchObject({ key: "spikes", allowed: "at most d = 2 of them" });
    }
  });
});

describe("parseConfig", () => {
  it("fills in the defaults in the schema's order", () => {
    expect(Object.entries(parseConfig(toy, { lr: 1 }))).toEqual([
      ["d", 10],
      ["lr", 1],
      ["optimizer", "sgd"],
      ["centred", false],
      ["widths", [4, 4]],
      ["damping", null],
      ["seed", 0],
    ]);
  });

  it("names an unknown key, what it got and the nearest one", () => {
    const error = errorOf({ optimiser: "kfac" });
    expect(error).toMatchObject({ key: "optimiser", got: "kfac", nearest: "optimizer" });
    expect(error.message).toContain("did you mean optimizer?");
    expect(error.message).toContain("kfac");
  });

  it("does not take a key of Object.prototype for a known one", () => {
    for (const key of ["__proto__", "constructor", "toString"]) {
      expect(errorOf(JSON.parse(`{"${key}": 1}`)).message).toContain(key);
    }
  });

  it.each([
    [{ d: 0 }, "d", "an integer in [1, 1000]"],
    [{ d: 2.5 }, "d", "an integer in [1, 1000]"],
    [{ lr: 0 }, "lr", "a number in (0, 10]"],
    [{ lr: "fast" }, "lr", "a number in (0, 10]"],
    [{ lr: Number.NaN }, "lr", "a number in (0, 10]"],
    [{ seed: -1 }, "seed", "an integer ≥ 0"],
    [{ optimizer: "kfca" }, "optimizer", "one of sgd, adam, kfac"],
    [{ centred: "yes" }, "centred", "true or false"],
    [{ widths: [4, -1] }, "widths", "a list (a,b,…), each an integer > 0"],
  ])("refuses %j and says what is allowed", (raw, key, allowed) => {
    const error = errorOf(raw);
    expect(error).toMatchObject({ key, allowed });
    expect(error.message).toContain(`toy: ${key} must be ${allowed}, got `);
  });

  it("suggests the nearest value of an enumeration", () => {
    expect(errorOf({ optimizer: "kfca" }).nearest).toBe("kfac");
  });

  it("reports contradictions between keys on the key that the schema names", () => {
    const { schema, ...rest } = toy;
    const strict = { ...rest, schema: schema.refine((config) => config.d > 5 || config.lr < 1, { path: ["lr"], error: "needs d > 5" }) };
    expect(errorOf({ d: 3, lr: 2 }, strict as AnyExperiment).message).toBe("toy: lr must be a number in (0, 10], got 2 (needs d > 5)");
  });
});

describe("parseAssignments", () => {
  it("reads values by the type of their key", () => {
    expect(parseAssignments(toy, ["d=20", "lr=1e-3", "optimizer=adam", "centred=true", "widths=1,2"])).toEqual({
      d: 20,
      lr: 1e-3,
      optimizer: "adam",
      centred: true,
      widths: [1, 2],
    });
  });

  it("reads null where it is allowed", () => {
    expect(parseAssignments(toy, ["damping=null"])).toEqual({ damping: null });
    expect(errorOf({ damping: 2 }).allowed).toBe("a number in [0, 1] or null");
    expect(errorOf(parseAssignments(toy, ["lr=null"])).message).toContain('got "null"');
  });

  it("leaves what is no number to the check, which then quotes it", () => {
    for (const text of ["", "0x10", "1e", "ten", "Infinity", "NaN"]) {
      const raw = parseAssignments(toy, [`lr=${text}`]);
      expect(errorOf(raw).message).toContain(`got ${JSON.stringify(text)}`);
    }
  });

  it("refuses what is no assignment, an unknown key and a key given twice", () => {
    expect(() => parseAssignments(toy, ["lr"])).toThrow('toy: expected key=value, got "lr"');
    expect(() => parseAssignments(toy, ["lrr=1"])).toThrow("did you mean lr?");
    expect(() => parseAssignments(toy, ["__proto__=1"])).toThrow('unknown key "__proto__"');
    expect(() => parseAssignments(toy, ["lr=1", "lr=2"])).toThrow("lr is given twice");
  });
});

describe("describeKeys", () => {
  it("gives type, bounds, default and meaning of every key", () => {
    expect(describeKeys(toy)[0]).toEqual({
      key: "d",
      type: "integer",
      nullable: false,
      allowed: "an integer in [1, 1000]",
      choices: undefined,
      default: 10,
      description: "dimension",
    });
  });
});
