import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { stringify as toToml } from "smol-toml";
import { afterAll, describe, expect, it } from "vitest";
import { stringify as toYaml } from "yaml";
import { ConfigError, show } from "../../../lib/experiments/config.js";
import { readSweepFile } from "../../../lib/experiments/sweep/file.js";
import { axesFromObject } from "../../../lib/experiments/sweep/language.js";
import { grid } from "../../../lib/experiments/sweep/plan.js";
import { countTrials } from "../../../lib/experiments/sweep/schedule.js";
import { parseSearch } from "../../../lib/experiments/sweep/search.js";
import orbit from "./fixture.js";

const folder = mkdtempSync(join(tmpdir(), "layerwise-hostile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that happens to a sweep file before its trials start; "refused" when it is refused as it should be. */
function plan(name: string, text?: string | Uint8Array): "planned" | "refused" {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  try {
    const file = readSweepFile(path);
    const axes = axesFromObject(orbit, file.axes);
    const search = parseSearch(orbit, file.search);
    const size = [...axes.values()].reduce((product, axis) => product * (axis.kind === "values" ? axis.values.length : 1), 1);
    // Counting checks every trial; millions of them take their time.
    if (size < 1000 && !("samples" in search && search.samples > 1000)) countTrials({ experiment: orbit, axes, search, version: "1" });
    else if (search.kind === "grid") grid(axes).next();
    return "planned";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as Error;
    expect(message).toMatch(/^[\P{Cc}]{1,2000}$/u);
    return "refused";
  }
}

const valid = {
  experiment: "orbit",
  axes: { rate: [3.9, 3.99], wait: "log:1e-3:1:4", seed: "0:3", label: "a,b" },
  search: { kind: "random", samples: 5 },
};
const asha = { ...valid, search: { kind: "asha", samples: 9, metric: "sum", budget: { key: "steps", min: 1, max: 9 } } };
const writers = {
  json: (value: unknown) => JSON.stringify(value),
  yaml: (value: unknown) => toYaml(value),
  toml: (value: unknown) => toToml(value as Record<string, unknown>),
};
const formats = Object.keys(writers) as (keyof typeof writers)[];

describe("a sweep file", () => {
  it.each(formats)("is planned or refused in one line, whatever is broken in it (%s)", (format) => {
    expect(plan(`valid.${format}`, writers[format](valid))).toBe("planned");
    const tokens = [
      "&a ",
      "*a",
      "<<: ",
      "!!js/function ",
      "!!binary ",
      "---\n",
      "__proto__",
      "constructor",
      "[[",
      "{",
      "}",
      '"""',
      "'",
      ": ",
    ];
    tokens.push(
      "1e400",
      "-0",
      "99999999999999999999",
      "0x1F",
      ".nan",
      "null",
      "~",
      "1979-05-27",
      "0:1e9",
      "log:0:1",
      "\0",
      "\u001b[2J",
      "\ufeff",
    );
    const edit = fc.record({
      at: fc.nat(),
      cut: fc.nat(12),
      put: fc.oneof(fc.constantFrom(...tokens), fc.string({ unit: "binary", maxLength: 8 })),
    });
    fc.assert(
      fc.property(fc.constantFrom(valid, asha), fc.array(edit, { minLength: 1, maxLength: 4 }), (value, edits) => {
        let text = writers[format](value);
        for (const { at, cut, put } of edits) {
          const start = at % (text.length + 1);
          text = text.slice(0, start) + put + text.slice(start + cut);
        }
        plan(`edited.${format}`, text);
      }),
      { numRuns: 400 },
    );
  });

  it.each(formats)("is planned or refused in one line, whatever values it holds (%s)", (format) => {
    const key = fc.constantFrom("experiment", "axes", "search", "rate", "seed", "kind", "samples", "budget", "min", "__proto__", "x");
    const leaf = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom("orbit", "grid", "asha", "0:4"),
        leaf,
        tie("list"),
        tie("map"),
      ),
      list: fc.array(tie("tree"), { maxLength: 4 }),
      map: fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    }));
    const part = fc.oneof(tree, fc.dictionary(key, tree, { maxKeys: 4 }));
    fc.assert(
      fc.property(part, part, (axes, search) => {
        // TOML cannot say everything.
        let text: string;
        try {
          text = writers[format]({ experiment: "orbit", axes, search });
        } catch {
          return;
        }
        plan(`values.${format}`, text);
      }),
      { numRuns: 300 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  const deep = 100_000;
  const letters = [..."abcdefgh"];
  const doubling = letters.map((to, i) => `${to}: &${to} [${Array.from({ length: 9 }, () => (i ? `*${letters[i - 1]}` : "x")).join(",")}]`);
  it.each([
    ["deep.json", `{"experiment":${"[".repeat(deep)}${"]".repeat(deep)}}`],
    ["deep-axis.json", `{"experiment":"orbit","axes":{"seed":${"[".repeat(deep)}${"]".repeat(deep)}}}`],
    ["deep-search.json", `{"experiment":"orbit","search":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`],
    ["deep.yaml", `experiment: ${"[".repeat(deep)}${"]".repeat(deep)}\n`],
    ["indented.yaml", Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["deep.toml", `experiment = ${"[".repeat(deep)}${"]".repeat(deep)}\n`],
    ["dotted.toml", `a${".a".repeat(deep)} = 1\n`],
    ["aliases.yaml", `${doubling.join("\n")}\nexperiment: x\n`],
    ["circular.yaml", "&a\nexperiment: orbit\naxes: *a\n"],
    ["circular-list.yaml", "experiment: orbit\naxes: {seed: &a [1, *a, *a]}\n"],
    ["function.yaml", "experiment: !!js/function 'function () {}'\n"],
    ["binary.yaml", "experiment: orbit\naxes: {label: !!binary aGVsbG8=}\n"],
    ["two.yaml", "experiment: orbit\n---\nexperiment: orbit\n"],
    ["twice.yaml", "experiment: orbit\nexperiment: orbit\n"],
    ["huge.json", '{"experiment":"orbit","axes":{"rate":[1e400]}}'],
    ["huge-integer.json", '{"experiment":"orbit","axes":{"seed":[99999999999999999999]}}'],
    ["huge.toml", 'experiment = "orbit"\n[axes]\nseed = [99999999999999999999]\n'],
    ["digits.yaml", `experiment: orbit\naxes: {seed: [${"9".repeat(deep)}]}\n`],
    ["not-a-number.yaml", "experiment: orbit\naxes: {rate: [.nan, .inf]}\n"],
    ["date.toml", 'experiment = "orbit"\n[axes]\nseed = 1979-05-27T07:32:00Z\n'],
    ["many.json", `{"experiment":"orbit","axes":{"seed":"0:1000000","steps":"1:1000000"}}`],
    ["proto.json", '{"experiment":"orbit","axes":{"__proto__":{"seed":[1]}}}'],
    ["proto.yaml", "experiment: orbit\naxes: {__proto__: {seed: [1]}}\n"],
    ["proto.toml", 'experiment = "orbit"\n[axes]\n"__proto__" = 1\n'],
    ["escape.json", '{"experiment":"orbit","axes":{"\\u001b[2Jseed\\n":1}}'],
    ["utf16.json", Buffer.from('\ufeff{"experiment":"orbit"}', "utf16le")],
    ["zeros.yaml", Buffer.alloc(1000)],
    ["large.yaml", Buffer.alloc((8 << 20) + 1, "#")],
    ["comments.yaml", "#".repeat(1_000_000)],
    ["empty.json", ""],
    ["empty.toml", ""],
  ] as const)("is refused in one line: %s", (name, text) => {
    expect(plan(name, text)).toBe("refused");
  });

  it("is read from regular files only: a device or a pipe might never end", () => {
    symlinkSync("/dev/zero", join(folder, "zero.yaml"));
    execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
    symlinkSync(".", join(folder, "folder.yaml"));
    for (const name of ["zero.yaml", "pipe.yaml", "folder.yaml"]) {
      expect(plan(name)).toBe("refused");
      expect(() => readSweepFile(join(folder, name))).toThrow(/is not a file/);
    }
    expect(plan("absent.yaml")).toBe("refused");
  });
});

describe("show", () => {
  it("shows anything in a short line", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    let nested: unknown = 1;
    for (let i = 0; i < 100_000; i++) nested = [nested];
    for (const value of [circle, nested, 10n, Symbol("x"), "x\n\u001b[2J".repeat(50), undefined, Number.NaN]) {
      expect(show(value)).toMatch(/^[\P{Cc}]{1,60}$/u);
    }
  });
});
