import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { environment } from "../../../lib/experiments/environment.js";
import type { Executor, Trial, TrialRecord } from "../../../lib/experiments/executor.js";
import { figures } from "../../../lib/experiments/paper/index.js";
import { reproduceCommand, writeReport } from "../../../lib/experiments/paper/write.js";
import { runFigures } from "../../../lib/experiments/reproduce.js";
import { paper, settings, world } from "./world.js";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Makes records up, a stage at a time in the order that `arrange` gives them. */
function fake(arrange: (records: TrialRecord[]) => TrialRecord[], seconds: number): Executor & { ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    async *execute(chunks) {
      const planned: Trial[] = [];
      for await (const chunk of chunks) planned.push(...chunk);
      const records = planned.map((trial): TrialRecord => {
        ran.push(trial.id);
        return { ...trial, ...world(paper)(trial), status: "ok", timing: { seconds, cpuSeconds: seconds } };
      });
      yield* arrange(records);
    },
    async close() {},
  };
}

async function reproduce(executor: Executor): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-report-"));
  folders.push(folder);
  const { results, trials } = await runFigures(figures, settings, executor);
  await writeReport(folder, { figures, settings, results, trials, environment: environment(), wallSeconds: 1 });
  return folder;
}

describe("a reproduction", () => {
  it("runs every trial once, and its results do not depend on the order or the time in which they came", async () => {
    const forward = fake((records) => records, 1);
    const backward = fake((records) => records.reverse(), 2);
    const read = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");
    const [a, b] = [await reproduce(forward), await reproduce(backward)];
    expect(new Set(forward.ran).size).toBe(forward.ran.length);
    for (const name of readdirSync(a).filter((name) => !/timing|index/.test(name))) expect(read(b, name)).toBe(read(a, name));
    expect(read(b, "timing.json")).not.toBe(read(a, "timing.json"));

    expect(readdirSync(a).sort()).toEqual(
      ["index.html", "results.json", "timing.json", ...figures.flatMap(({ id }) => [`${id}.svg`, `${id}.vl.json`])].sort(),
    );
    const results = JSON.parse(read(a, "results.json"));
    expect(results.settings).toEqual(settings);
    expect(results.claims).toHaveLength(figures.flatMap(({ claims }) => claims).length);
    expect(results.trials.map(({ id }: { id: string }) => id)).toEqual(forward.ran);
    expect(JSON.stringify(results)).not.toMatch(/[sS]econds/);

    const html = read(a, "index.html");
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    for (const figure of figures) {
      expect(html).toContain(`<section id="${figure.id}">`);
      expect(html).toContain(reproduceCommand(settings, figure.id));
    }
    expect(html).toContain("layerwise run linear-representation --set d=");
  });
});
