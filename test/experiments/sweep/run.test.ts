import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Chunks, Executor, TrialRecord } from "../../../lib/experiments/executor.js";
import { sweep } from "../../../lib/experiments/index.js";
import { perform } from "../../../lib/experiments/perform.js";
import { InlineExecutor } from "../../../lib/experiments/sweep/inline.js";
import { journalsIn, lines } from "../../../lib/experiments/sweep/journal.js";
import { parseAxes } from "../../../lib/experiments/sweep/language.js";
import { parseRow } from "../../../lib/experiments/sweep/row.js";
import { checkedPlan, createRun, reopenPlan, workOn } from "../../../lib/experiments/sweep/session.js";
import { statusOf } from "../../../lib/experiments/sweep/status.js";
import { RunFolder } from "../../../lib/experiments/sweep/store.js";
import { type BuiltPackage, builtPackage } from "../../built.js";
import orbit from "./fixture.js";

const root = mkdtempSync(join(tmpdir(), "layerwise-sweep-"));
let built: BuiltPackage;
beforeAll(async () => {
  built = await builtPackage();
});
afterAll(() => {
  built.remove();
  rmSync(root, { recursive: true, force: true });
});
const module = new URL("./fixture.ts", import.meta.url).href;
const fixture = fileURLToPath(module);
const out = (name: string) => join(root, name);
const aggregate = (name: string) => readFileSync(join(root, name, "results.csv"), "utf8");

/** How many rows of each kind every trial has. */
function tally(name: string): Map<string, { ok: number; failed: number }> {
  const found = new Map<string, { ok: number; failed: number }>();
  for (const file of journalsIn(out(name))) {
    for (const { bytes } of lines(join(out(name), file))) {
      const head = parseRow(bytes.toString("utf8"))!;
      const counts = found.get(head.id) ?? { ok: 0, failed: 0 };
      counts[head.status]++;
      found.set(head.id, counts);
    }
  }
  return found;
}

function start(...args: string[]): { child: ChildProcess; done: Promise<{ code: number | null; stdout: string; stderr: string }> } {
  const child = spawn(process.execPath, [built.main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  child.stdout!.on("data", (data) => {
    text.stdout += data;
  });
  child.stderr!.on("data", (data) => {
    text.stderr += data;
  });
  return { child, done: new Promise((resolve) => child.on("close", (code) => resolve({ code, ...text }))) };
}

const until = async (condition: () => boolean) => {
  for (let waited = 0; waited < 1200; waited++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("waited in vain");
};

/** Delivers trials in another order than they were given, and each twice. */
const scrambling: Executor = {
  async *execute(chunks: Chunks) {
    const records: TrialRecord[] = [];
    for await (const chunk of chunks) {
      for (const trial of chunk) records.unshift(await perform(trial, [orbit]));
      if (records.length >= 10) {
        yield* records;
        yield* records.splice(0);
      }
    }
    yield* records;
  },
  async close() {},
};

/** 80 trials, on two workers about two seconds: long enough to be killed five times on a busy machine too. */
const assignments = ["rate=3.9,3.99", "wait=0.04", "seed=0:40"];

describe("sweep", () => {
  it("has the same aggregate to the bit whatever runs it: one process, this one, or any order", async () => {
    const calm = await start("sweep", fixture, ...assignments, "--out", out("calm"), "--workers", "1").done;
    expect(calm).toMatchObject({ code: 0, stdout: "" });
    expect(aggregate("calm").split("\n")).toHaveLength(82);
    const plan = checkedPlan(orbit, parseAxes(orbit, assignments), undefined, null);
    const spec = { ...plan.spec, version: RunFolder.open(out("calm")).manifest.version };
    for (const [name, executor] of [
      ["inline", new InlineExecutor([orbit])],
      ["scrambled", scrambling],
    ] as const) {
      const folder = createRun(out(name), { ...plan, spec, module: null, source: null });
      expect(await workOn(folder, spec, executor)).toEqual({ ok: 80, failed: 0, complete: true });
      expect([...tally(name).values()]).toEqual(Array.from({ length: 80 }, () => ({ ok: 1, failed: 0 })));
      expect([...folder.rows()].map(({ index }) => index)).toEqual(Array.from({ length: 80 }, (_, i) => i));
      expect(aggregate(name)).toBe(aggregate("calm"));
    }
  });

  it("runs what is missing after five kills on two workers, each trial once, and leaves no process behind", async () => {
    const killed = out("killed");
    let command = ["sweep", fixture, ...assignments, "--out", killed, "--workers", "2"];
    for (let kill = 1; kill <= 5; kill++) {
      const before = kill === 1 ? 0 : tally("killed").size;
      const { child, done } = start(...command);
      await until(() => existsSync(killed) && (tally("killed").size >= before + 4 || child.exitCode !== null));
      const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
      expect(workers.length).toBeGreaterThan(0);
      child.kill("SIGKILL");
      await done;
      await until(() => workers.every((pid) => !isAlive(pid)));
      command = ["resume", killed, "--workers", "2"];
    }
    expect(tally("killed").size).toBeLessThan(80);
    // A torn tail on top.
    writeFileSync(join(killed, journalsIn(killed)[0]!), '{"id":"0123', { flag: "a" });
    const { code, stdout } = await start(...command, "--json").done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ trials: 80, ok: 80, failed: 0, missing: 0, running: null, complete: true });
    expect([...tally("killed").values()]).toEqual(Array.from({ length: 80 }, () => ({ ok: 1, failed: 0 })));
    expect(aggregate("killed")).toBe(aggregate("calm"));
  });

  it("gives short trials out in chunks, and fewer at a time towards the end, so that no process waits long for another", async () => {
    const sizes: number[] = [];
    const executor: Executor = {
      workers: 2,
      async *execute(chunks: Chunks) {
        for await (const chunk of chunks) {
          sizes.push(chunk.length);
          for (const trial of chunk) {
            const record = await perform(trial, [orbit]);
            yield record.status === "ok" ? { ...record, timing: { seconds: 0.004, cpuSeconds: 0.004 } } : record;
          }
        }
      },
      async close() {},
    };
    await sweep(orbit, { steps: 1, seed: "0:400" }, { out: out("chunks"), executor });
    expect(Math.max(...sizes)).toBe(25);
    let left = 400;
    for (const size of sizes) {
      expect(size).toBeLessThanOrEqual(Math.ceil(left / 4));
      left -= size;
    }
    expect(left).toBe(0);
    expect(sizes.at(-1)).toBe(1);
  });

  it("refuses a second process on the folder and stops at a signal, keeping what there is", async () => {
    const { child, done } = start("sweep", fixture, "wait=0.05", "seed=0:400", "--out", out("shared"), "--workers", "1");
    await until(() => readdirSync(root).includes("shared") && tally("shared").size > 2);
    const second = await start("resume", out("shared")).done;
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`in use by process ${child.pid}.*two sweeps`));
    expect(statusOf(RunFolder.open(out("shared")))).toMatchObject({ trials: 400, running: { pid: child.pid } });
    child.kill("SIGINT");
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toContain("layerwise resume");
    expect(tally("shared").size).toBeLessThan(400);
    expect(statusOf(RunFolder.open(out("shared"))).running).toBeNull();
  });

  it("loses one trial to a crash, a hang or an exception, retries as often as it is told, and can fail fast", async () => {
    const mode = ["plain", "throw", "crash", "hang"];
    const options = ["--workers", "2", "--max-retries", "1", "--timeout", "1"];
    const { code, stderr } = await start("sweep", fixture, `mode=${mode}`, "--out", out("bad"), ...options).done;
    expect(code).toBe(1);
    expect(stderr).toMatch(/1 ok, 3 failed/);
    const folder = RunFolder.open(out("bad"));
    const rows = [...folder.rows()];
    expect(rows.map(({ config }) => config.mode)).toEqual(mode);
    expect(rows.map(({ attempt }) => attempt)).toEqual([0, 1, 1, 1]);
    const errors = rows.map((row) => (row.status === "failed" ? row.error : ""));
    for (const [i, text] of ["", "on purpose", "SIGSEGV", "timeout of 1 s"].entries()) expect(errors[i]).toContain(text);

    const spec = await reopenPlan(folder, { force: true });
    const again = (options: object) => workOn(folder, spec, new InlineExecutor([{ ...orbit, trial: () => ({ sum: 1 }) }]), options);
    expect(await again({})).toMatchObject({ ok: 1, failed: 3 });
    expect(await again({ retryFailed: true })).toMatchObject({ ok: 4, failed: 0 });

    const fast = await sweep(
      orbit,
      { mode: ["throw", "plain"] as const, seed: [0, 1, 2] },
      { out: out("fast"), executor: new InlineExecutor([orbit]), failFast: true },
    );
    expect(fast).toMatchObject({ failed: 1, complete: false, stopped: "a trial failed" });
  });

  it("keeps the memory of the process that collects flat, however many trials there are", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const heap: number[] = [];
    const observe = (_: unknown, { ok }: { ok: number }) => {
      if (ok % 1000) return;
      gc();
      heap.push(process.memoryUsage().heapUsed);
    };
    const result = await sweep(orbit, { steps: 200, seed: "0:8000" }, { out: out("flat"), module, workers: 1, observe });
    expect(result).toMatchObject({ ok: 8000, complete: true });
    // A row is 1 kB; an id alone that is kept, 100 bytes.
    expect(heap).toHaveLength(8);
    expect((Math.max(...heap.slice(1)) - heap[0]!) / 7000).toBeLessThan(80);
  });

  it("does not mix results of different code unless it is forced to", async () => {
    await sweep(orbit, { seed: [0, 1] }, { out: out("changed"), module, executor: new InlineExecutor([orbit]) });
    const path = join(out("changed"), "config.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(/"version": "/, '"version": "0.0.0-'));
    const folder = RunFolder.open(out("changed"));
    await expect(reopenPlan(folder)).rejects.toThrow(/--force/);
    expect((await reopenPlan(folder, { force: true })).version).toBe(folder.manifest.version);
  });

  it("resumes ASHA with the same trials", async () => {
    const search = { kind: "asha", samples: 20, metric: "sum", budget: { key: "steps", min: 10, max: 90 } };
    const axes = { rate: "lin:3.6:4", seed: [0, 1] } as const;
    await sweep(orbit, axes, { out: out("asha"), search, module, executor: new InlineExecutor([orbit]) });
    // Two thirds of a run of the same search, then the rest of it.
    const controller = new AbortController();
    let count = 0;
    const observe = () => {
      if (++count === 30) controller.abort();
    };
    const first = await sweep(orbit, axes, {
      out: out("asha2"),
      search,
      module,
      executor: new InlineExecutor([orbit]),
      signal: controller.signal,
      observe,
    });
    expect(first).toMatchObject({ ok: 30, stopped: "interrupted" });
    const folder = RunFolder.open(out("asha2"));
    await workOn(folder, await reopenPlan(folder), new InlineExecutor([orbit]));
    expect(aggregate("asha2")).toBe(aggregate("asha"));
    expect(aggregate("asha").split("\n").length).toBeGreaterThan(55);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
