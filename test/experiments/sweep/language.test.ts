import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../../lib/experiments/config.js";
import { readSweepFile } from "../../../lib/experiments/sweep/file.js";
import { axesFromObject, axesToObject, parseAxes, spaced } from "../../../lib/experiments/sweep/language.js";
import { parseSearch } from "../../../lib/experiments/sweep/search.js";
import orbit from "./fixture.js";

const values = (assignment: string) => {
  const axis = [...parseAxes(orbit, [assignment]).values()][0]!;
  return axis.kind === "values" ? axis.values : [axis.kind, axis.low, axis.high];
};

function refusal(attempt: () => unknown): ConfigError {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).not.toContain("\n");
    return error as ConfigError;
  }
  throw new Error("was accepted");
}

describe("parseAxes", () => {
  it("reads lists, ranges and spacings", () => {
    expect(values("seed=3")).toEqual([3]);
    expect(values("seed=0:4")).toEqual([0, 1, 2, 3]);
    expect(values("seed=0:10:4,7")).toEqual([0, 4, 8, 7]);
    expect(values("rate=3.5,3.6,3.6")).toEqual([3.5, 3.6]);
    expect(values("rate=lin:3.5:4:3")).toEqual([3.5, 3.75, 4]);
    expect(values("wait=log:1e-3:1:4")).toEqual([0.001, 0.01, 0.1, 1]);
    expect(values("wait=log:1e-3:1")).toEqual(["log", 0.001, 1]);
    expect(values("steps=log:1:1000:4")).toEqual([1, 10, 100, 1000]);
    expect(values("mode=plain,throw")).toEqual(["plain", "throw"]);
  });

  it("leaves text alone: colons, quotes, brackets", () => {
    expect(values("label=a:b,c")).toEqual(["a:b", "c"]);
    expect(values('label="a,b",c')).toEqual(["a,b", "c"]);
    expect(values('label={"every": 10, "p": [1,2]},x')).toEqual(['{"every": 10, "p": [1,2]}', "x"]);
    expect(values("label=../../etc/passwd")).toEqual(["../../etc/passwd"]);
  });

  it.each([
    ["sed=0:3", "seed"],
    ["Rate=3.9", "rate"],
    ["stpes=1", "steps"],
  ])("names the nearest key for %s", (assignment, nearest) => {
    const error = refusal(() => parseAxes(orbit, [assignment]));
    expect(error.nearest).toBe(nearest);
    expect(error.message).toContain(assignment.split("=")[0]);
  });

  it.each(["__proto__=1", "constructor=1", "seed.x=1", "../seed=1", "seed", "=1", "toString=2"])("refuses %s", (assignment) => {
    refusal(() => parseAxes(orbit, [assignment]));
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("1");
  });

  it.each([
    "seed=3:3",
    "seed=5:1",
    "seed=0:1e12",
    "seed=0:3:0",
    "rate=0:x",
    "wait=log:0:1:3",
    "wait=log:1:0.1:3",
    "wait=lin:0:1:1.5",
    "wait=log:1:2,3",
    "seed=1:2:3:4",
  ])("refuses %s and names the key", (assignment) => {
    expect(refusal(() => parseAxes(orbit, [assignment])).key).toBe(assignment.split("=")[0]);
  });

  it("refuses a key that is given twice", () => {
    expect(refusal(() => parseAxes(orbit, ["seed=1", "seed=2"])).key).toBe("seed");
  });

  it("round-trips through the form of config.json", () => {
    const axes = parseAxes(orbit, ["wait=log:1e-3:1", "seed=0:3", 'label="a,b",c:d', "mode=plain"]);
    expect(axesFromObject(orbit, JSON.parse(JSON.stringify(axesToObject(axes))))).toEqual(axes);
  });

  it("refuses or accepts any text without another kind of error", () => {
    fc.assert(
      fc.property(fc.constantFrom("seed", "rate", "label", "mode", "wait"), fc.string(), (key, text) => {
        try {
          parseAxes(orbit, [`${key}=${text}`]);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("spaced", () => {
  it("has its ends exactly and a constant ratio", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1, noNaN: true }),
        fc.double({ min: 1.5, max: 1e9, noNaN: true }),
        fc.integer({ min: 2, max: 30 }),
        (low, factor, n) => {
          const x = spaced("log", low, low * factor, n);
          expect([x[0], x[n - 1], x.length]).toEqual([low, low * factor, n]);
          for (let i = 1; i < n; i++)
            expect(x[i]! / x[i - 1]!).toBeCloseTo(factor ** (1 / (n - 1)), 8 - Math.ceil(Math.log10(factor ** (1 / (n - 1)))));
        },
      ),
    );
  });
});

describe("readSweepFile", () => {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-file-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("means the same in YAML, JSON and TOML", () => {
    const texts = {
      "a.yaml": "experiment: orbit\naxes:\n  rate: [3.9, 3.99]\n  wait: log:1e-3:1:4\n  seed: 0:3\nsearch: {kind: random, samples: 5}\n",
      "a.json":
        '{"experiment":"orbit","axes":{"rate":[3.9,3.99],"wait":"log:1e-3:1:4","seed":"0:3"},"search":{"kind":"random","samples":5}}',
      "a.toml":
        'experiment = "orbit"\n[axes]\nrate = [3.9, 3.99]\nwait = "log:1e-3:1:4"\nseed = "0:3"\n[search]\nkind = "random"\nsamples = 5\n',
    };
    for (const [name, text] of Object.entries(texts)) {
      const read = readSweepFile(file(name, text));
      expect(read.experiment).toBe("orbit");
      expect(axesFromObject(orbit, read.axes)).toEqual(parseAxes(orbit, ["rate=3.9,3.99", "wait=log:1e-3:1:4", "seed=0:3"]));
      expect(parseSearch(orbit, read.search)).toEqual({ kind: "random", samples: 5, seed: 0 });
    }
  });

  it.each([
    ["b.yaml", "experiment: orbit\naxis: {}\n", "axes"],
    ["c.json", '{"experiment":"orbit","__proto__":{"x":1}}', undefined],
    ["d.yaml", "- 1\n", undefined],
    ["e.json", "{", undefined],
    ["f.toml", "experiment = 3\n", undefined],
    ["g.yaml", "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: &d [*c,*c,*c]\ne: [*d,*d,*d,*d]\nexperiment: x\n", undefined],
  ])("refuses %s, naming the file", (name, text, nearest) => {
    const error = refusal(() => readSweepFile(file(name, text)));
    expect(error.message).toContain(name);
    expect(error.nearest).toBe(nearest);
  });

  it("refuses __proto__ among the axes and unknown settings of the search", () => {
    const { axes } = readSweepFile(file("h.json", '{"experiment":"orbit","axes":{"__proto__":[1]}}'));
    expect(refusal(() => axesFromObject(orbit, axes)).key).toBe("__proto__");
    expect(refusal(() => parseSearch(orbit, { kind: "rnadom" })).nearest).toBe("random");
    expect(refusal(() => parseSearch(orbit, { kind: "random", sampels: 3 })).nearest).toBe("samples");
    expect(refusal(() => parseSearch(orbit, { kind: "random", samples: 0 })).key).toBe("samples");
    expect(
      refusal(() => parseSearch(orbit, { kind: "asha", samples: 3, metric: "sum", budget: { key: "stps", min: 1, max: 2 } })).nearest,
    ).toBe("steps");
  });
});
