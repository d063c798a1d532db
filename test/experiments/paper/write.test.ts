import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { environment } from "../../../lib/experiments/environment.js";
import type { Executor, Trial, TrialRecord } from "../../../lib/experiments/executor.js";
import { allFigures, figures as defaultFigures, paperFigures as figures } from "../../../lib/experiments/paper/index.js";
import { holdsReproduction, readReproduction } from "../../../lib/experiments/paper/stored.js";
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
  it("is not drawn again from a damaged folder or one of another version", () => {
    const folder = mkdtempSync(join(tmpdir(), "layerwise-report-"));
    folders.push(folder);
    expect(holdsReproduction(folder)).toBe(false);
    expect(() => readReproduction(folder)).toThrow(/cannot read .*results\.json/);
    const write = (figures: unknown, trials: Buffer) => {
      writeFileSync(join(folder, "results.json"), JSON.stringify({ settings, figures }));
      writeFileSync(join(folder, "timing.json"), JSON.stringify({ environment: {}, wallSeconds: 1, trials: {} }));
      writeFileSync(join(folder, "trials.jsonl.gz"), trials);
    };
    write([figures[0]!.id], Buffer.from("no gzip"));
    expect(holdsReproduction(folder)).toBe(true);
    expect(() => readReproduction(folder)).toThrow(/cannot read .*trials\.jsonl\.gz/);
    for (const named of [[figures[0]!.id], ["a-figure-that-is-gone"], undefined]) {
      write(named, gzipSync(""));
      expect(() => readReproduction(folder)).toThrow("written by another version of layerwise");
    }
  });

  it("runs every trial once, and its results do not depend on the order or the time in which they came", async () => {
    const forward = fake((records) => records, 1);
    const backward = fake((records) => records.reverse(), 2);
    const read = (folder: string, name: string) => readFileSync(join(folder, name), "latin1");
    const [a, b] = [await reproduce(forward), await reproduce(backward)];
    expect(new Set(forward.ran).size).toBe(forward.ran.length);
    for (const name of readdirSync(a).filter((name) => !/timing|index/.test(name))) expect(read(b, name)).toBe(read(a, name));
    expect(read(b, "timing.json")).not.toBe(read(a, "timing.json"));

    expect(readdirSync(a).sort()).toEqual(
      [
        "index.html",
        "results.json",
        "timing.json",
        "trials.jsonl.gz",
        ...figures.flatMap(({ id }) => [`${id}.svg`, `${id}.png`, `${id}.vl.json`]),
      ].sort(),
    );
    const results = JSON.parse(read(a, "results.json"));
    expect(results.settings).toEqual(settings);
    expect(results.claims).toHaveLength(figures.flatMap(({ claims }) => claims).length);
    expect(results.trials.map(({ id }: { id: string }) => id)).toEqual(forward.ran);
    expect(JSON.stringify(results)).not.toMatch(/[sS]econds/);

    // Drawn again from its own files: the same page, to the last byte.
    const again = mkdtempSync(join(tmpdir(), "layerwise-report-"));
    folders.push(again);
    await writeReport(again, readReproduction(a));
    for (const name of readdirSync(a)) expect(read(again, name) === read(a, name), name).toBe(true);

    const html = read(a, "index.html");
    expect(html).not.toMatch(/<script(?!>\n"use strict")|https?:\/\/(?!www\.w3\.org)/);
    for (const figure of figures) {
      expect(html).toContain(`<section id="${figure.id}">`);
      expect(html).toContain(reproduceCommand(settings, [figure]));
    }
    expect(html).toContain("layerwise run linear-representation --set d=");
  });

  it("names the command that makes just these figures", () => {
    const other = { quick: false, seed: 0 };
    expect(reproduceCommand(other, allFigures)).toBe("layerwise reproduce --all");
    expect(reproduceCommand({ quick: true, seed: 3 }, defaultFigures)).toBe("layerwise reproduce --quick --seed 3");
    expect(reproduceCommand(other, allFigures.slice(0, 2))).toBe("layerwise reproduce --only representation-curves,single-index-alignment");
  });
});
