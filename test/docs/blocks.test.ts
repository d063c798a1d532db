import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { allBlocks, codeBlocks, commandBlocks, root } from "../../scripts/doc-blocks.js";

const folder = join(root, "build", `doc-blocks-${process.pid}`);
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// A block throws when what it says does not hold.
describe("code blocks of the documentation", () => {
  const blocks = codeBlocks();
  it("are there", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });
  for (const { page, line, code } of blocks) {
    it(`${page}:${line}`, async () => {
      const file = join(folder, `${page.replaceAll("/", "-")}-${line}.ts`);
      writeFileSync(file, code);
      const log = vi.spyOn(console, "log").mockImplementation(() => {});
      try {
        await import(/* @vite-ignore */ pathToFileURL(file).href);
      } finally {
        log.mockRestore();
      }
    });
  }
});

/** The documented sweep and trial are made smaller. */
const smaller = [
  [/^layerwise sweep .*/, "$& d=10 n=40 steps=2"],
  [/^layerwise run .*/, "$& --set draws=2"],
] as const;

/** What would run for a minute, or serve until it is stopped, and where it is run instead. */
const elsewhere: Record<string, string> = {
  "npm run setup": ".ci/run begins with it",
  "npm run reproduce": "scripts/package-test.mjs --reproduce",
  "npm test": ".ci/run",
  "layerwise reproduce": "scripts/package-test.mjs --reproduce",
  "layerwise watch": "test/experiments/sweep",
};

describe("commands of the documentation", () => {
  for (const [i, { page, commands }] of commandBlocks().entries()) {
    it(`${page}: block ${i + 1}`, () => {
      const cwd = join(folder, `commands-${i}`);
      mkdirSync(cwd);
      for (const command of commands) {
        if (Object.keys(elsewhere).some((known) => command.startsWith(known))) continue;
        const [program, ...args] = smaller.reduce((text, [from, to]) => text.replace(from, to), command).split(/\s+/);
        expect(program, `${command}: only layerwise is run here`).toBe("layerwise");
        const main = ["--import", import.meta.resolve("tsx"), join(root, "lib/cli/main.ts")];
        const { status, stderr } = spawnSync(process.execPath, [...main, ...args], { cwd, encoding: "utf8" });
        expect(status, `${command}: ${stderr}`).toBe(0);
      }
      if (page === "docs/sweeps.md")
        for (const name of ["results.csv", "report.html"]) expect(existsSync(join(cwd, "runs/a", name))).toBe(true);
    });
  }

  it("plans in YAML are plans", () => {
    const plans = allBlocks().filter(({ language }) => language === "yaml");
    expect(plans.length).toBeGreaterThan(0);
    for (const { code } of plans) expect(parse(code)).toMatchObject({ experiment: expect.any(String), axes: expect.any(Object) });
  });
});
