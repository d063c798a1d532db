import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));

/** Runs an example as its first line says; the lines it prints. */
async function run(name: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", `examples/${name}.ts`, ...args], {
    cwd: join(folder, ".."),
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1" },
  });
  return stdout.trim().split("\n");
}
const report = join(tmpdir(), `layerwise-report-${process.pid}.html`);
const lastNumber = (line: string) => Number(/[\d.e-]+$/.exec(line)![0]);

const examples: Record<string, () => Promise<void>> = {
  "training-loop": async () => {
    const [start, end, continued] = await run("training-loop");
    expect(lastNumber(end!)).toBeLessThan(lastNumber(start!) / 10);
    expect(continued).toMatch(/same bit/);
  },
  "tfjs-model": async () => {
    const losses = Object.fromEntries((await run("tfjs-model")).map((line) => [line.slice(0, 12).trim(), lastNumber(line)]));
    expect(losses.soap).toBeLessThan(losses["tf adam"]!);
  },
  "custom-optimizer": async () => {
    expect((await run("custom-optimizer"))[0]).toMatch(/^w = \[ 1\.0\d+, -1\.9\d+, 0\.5/);
  },
  "custom-experiment": async () => {
    const lines = await run("custom-experiment");
    expect(lines).toHaveLength(4);
    // The preconditioner takes the condition number away: the claim of the whole package, in one line.
    expect(lines).toContain("sgd condition 100 steps null");
    const foof = [1, 100].map((condition) => lastNumber(lines.find((line) => line.startsWith(`foof condition ${condition} `))!));
    expect(Math.abs(foof[0]! - foof[1]!)).toBeLessThanOrEqual(5);
  },
  "training-service": async () => {
    const lines = await run("training-service");
    expect(lines).toContain('moun unknown optimizer "moun"; did you mean "muon"?');
    for (const method of ["soap", "muon"]) expect(lastNumber(lines.find((line) => line.startsWith(method))!)).toBeLessThan(0.01);
  },
  "html-report": async () => {
    await run("html-report", report);
    const html = readFileSync(report, "utf8");
    rmSync(report);
    expect(html).toMatch(/<svg[\s\S]*<\/svg>/);
    expect(html).not.toMatch(/NaN|undefined/);
  },
};

describe("examples", () => {
  for (const [name, check] of Object.entries(examples)) it(name, check);

  it("are all run here", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    expect(files.sort()).toEqual(
      Object.keys(examples)
        .map((name) => `${name}.ts`)
        .sort(),
    );
  });
});
