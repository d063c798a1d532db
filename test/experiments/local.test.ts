import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { chunked, makeTrial, type OkRecord, type Trial, type TrialRecord } from "../../lib/experiments/executor.js";
import { LocalExecutor } from "../../lib/experiments/local.js";
import { experiments } from "./fixture-experiments.js";

const arithmetic = experiments[0]!;
const modules = [new URL("./fixture-experiments.ts", import.meta.url).href];
const open: LocalExecutor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((executor) => executor.close()));
});

function executor(workers: number): LocalExecutor {
  const made = new LocalExecutor({ workers, modules });
  open.push(made);
  return made;
}

async function collect(run: LocalExecutor, trials: readonly Trial[], size: number): Promise<Map<string, TrialRecord>> {
  const records = new Map<string, TrialRecord>();
  for await (const record of run.execute(chunked(trials, size))) {
    expect(records.has(record.id)).toBe(false);
    records.set(record.id, record);
  }
  return records;
}

const results = (records: Map<string, TrialRecord>, trials: readonly Trial[]) =>
  trials.map(({ id }) => {
    const { experiment, config, metrics, series } = records.get(id) as OkRecord;
    return { id, experiment, config, metrics, series };
  });

describe("LocalExecutor", () => {
  it("gives the same records whatever the number of workers, the order and the chunks", async () => {
    const trials = Array.from({ length: 24 }, (_, seed) => makeTrial(arithmetic, { seed, steps: 50 + ((seed * 37) % 100) }));
    const one = results(await collect(executor(1), trials, 24), trials);
    const two = results(await collect(executor(2), [...trials].reverse(), 3), trials);
    expect(JSON.stringify(two)).toBe(JSON.stringify(one));
    expect(one).toHaveLength(24);
    expect(one[0]!.metrics.never).toBeNull();
  });

  it("loses one trial, not the run, when a process dies or a trial throws", async () => {
    const modes = ["plain", "crash", "plain", "throw", "plain", "exit", "plain"];
    const trials = modes.map((mode, seed) => makeTrial(arithmetic, { mode, seed }));
    const records = await collect(executor(2), trials, 4);
    expect(trials.map(({ id }) => records.get(id)!.status)).toEqual(modes.map((mode) => (mode === "plain" ? "ok" : "failed")));
    const error = (index: number) => (records.get(trials[index]!.id) as { error: string }).error;
    expect(error(1)).toContain("SIGSEGV");
    expect(error(3)).toContain("thrown on purpose");
    expect(error(5)).toContain("code 7");
  });

  it("stops at an abort", async () => {
    const controller = new AbortController();
    const trials = [makeTrial(arithmetic), makeTrial(arithmetic, { mode: "hang" })];
    const run = async () => {
      for await (const record of executor(1).execute(chunked(trials, 1), { signal: controller.signal })) {
        expect(record.status).toBe("ok");
        controller.abort(new Error("enough"));
      }
    };
    await expect(run()).rejects.toThrow("enough");
  });

  it("leaves no process behind when its parent is killed in the middle of a trial", async () => {
    const parent = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("./orphan-parent.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const child = await new Promise<number>((resolve) => parent.stdout.once("data", (data) => resolve(Number(data))));
    expect(() => process.kill(child, 0)).not.toThrow();
    parent.kill("SIGKILL");
    for (let waited = 0; waited < 100; waited++) {
      try {
        process.kill(child, 0);
      } catch {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    process.kill(child, "SIGKILL");
    throw new Error(`process ${child} survived its parent`);
  });
});
