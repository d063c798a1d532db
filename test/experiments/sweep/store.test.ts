import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dropTornTail, Journal, lines } from "../../../lib/experiments/sweep/journal.js";
import { parseAxes } from "../../../lib/experiments/sweep/language.js";
import { lock, lockHolder } from "../../../lib/experiments/sweep/lock.js";
import type { Row } from "../../../lib/experiments/sweep/row.js";
import { checkedPlan, createRun } from "../../../lib/experiments/sweep/session.js";
import { RunFolder } from "../../../lib/experiments/sweep/store.js";
import orbit from "./fixture.js";

const root = mkdtempSync(join(tmpdir(), "layerwise-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const plan = { ...checkedPlan(orbit, parseAxes(orbit, ["seed=0:4"]), undefined, null), module: null, source: null };
const make = (name: string) => createRun(join(root, name), plan);
const row = (index: number, status: "ok" | "failed" = "ok"): Row => {
  const head = { id: index.toString(16).padStart(32, "0"), index, attempt: 0, experiment: "orbit", config: { seed: index } };
  return status === "ok"
    ? { ...head, status, metrics: { sum: index, text: 'a "quoted"\nline' }, series: {}, timing: { seconds: 1, cpuSeconds: 1 } }
    : { ...head, status, error: "no" };
};

describe("a journal", () => {
  it("gives back what was appended, whole, in the sweep's order; an ok row counts over failed ones", async () => {
    const folder = make("rows");
    const journal = await Journal.create(folder.path);
    for (const item of [row(2), row(0, "failed"), row(1), row(0), row(3, "failed")]) journal.append(item);
    await journal.close();
    expect(journal.synced).toBe(5);
    expect([...folder.rows()]).toEqual([row(0), row(1), row(2), row(3, "failed")]);
  });

  it("drops a torn tail wherever it is torn, and nothing else", async () => {
    const folder = make("torn");
    const journal = await Journal.create(folder.path);
    for (let i = 0; i < 3; i++) journal.append(row(i));
    await journal.close();
    const bytes = readFileSync(journal.path);
    const ends = [...bytes.keys()].filter((i) => bytes[i] === 10).map((i) => i + 1);
    for (let cut = 0; cut <= bytes.length; cut += 7) {
      writeFileSync(journal.path, bytes.subarray(0, cut));
      const whole = ends.filter((end) => end <= cut).length;
      expect(folder.entries().size).toBe(whole);
      dropTornTail(journal.path);
      expect(statSync(journal.path).size).toBe(whole ? ends[whole - 1] : 0);
    }
  });

  it("skips rows that a power cut has filled with zeros", async () => {
    const folder = make("zeros");
    const journal = await Journal.create(folder.path);
    journal.append(row(0));
    await journal.close();
    appendFileSync(journal.path, Buffer.concat([Buffer.alloc(300), Buffer.from("\n")]));
    appendFileSync(journal.path, `${JSON.stringify(row(1)).slice(0, 90)}\n`);
    expect([...folder.entries().keys()]).toEqual([row(0).id]);
  });

  it("takes a row of which anything is missing or damaged for a trial that has not run", async () => {
    const folder = make("damaged");
    const journal = await Journal.create(folder.path);
    journal.append(row(0));
    journal.append(row(1, "failed"));
    await journal.close();
    const [ok, failed] = readFileSync(journal.path, "utf8").trim().split("\n") as [string, string];
    const whole = JSON.parse(ok);
    const { error: _, ...silent } = JSON.parse(failed);
    const damaged = [
      ...Object.keys(whole).map((key) => JSON.stringify({ ...whole, [key]: undefined })),
      ...Object.keys(whole).map((key) => JSON.stringify({ ...whole, [key]: null })),
      JSON.stringify(silent),
      ok.replace('"metrics"', "\0\0\0\0\0"),
      ok.slice(0, 100) + failed.slice(50),
      `{${ok}`,
      "null",
      "",
    ];
    for (const line of damaged) {
      writeFileSync(journal.path, `${line}\n${failed}\n`);
      expect([line, [...folder.entries().keys()]]).toEqual([line, [row(1).id]]);
      expect([...folder.rows()]).toEqual([row(1, "failed")]);
    }
  });

  it("reads lines longer than its buffer, from any offset", () => {
    const path = join(root, "long.jsonl");
    const long = "x".repeat(1_000_000);
    writeFileSync(path, `a\n${long}\nb\ntorn`);
    const read = [...lines(path)].map(({ bytes, offset }) => [bytes.length, offset]);
    expect(read).toEqual([
      [1, 0],
      [1_000_000, 2],
      [1, 1_000_003],
    ]);
    expect([...lines(path, 1_000_003)].map(({ bytes }) => bytes.toString())).toEqual(["b"]);
  });

  it("says that the disk is full and keeps the rows before", () => {
    // A file size limit stands for the full disk: writing fails in the same way, in the middle of a row.
    const script = `
      import { Journal } from ${JSON.stringify(new URL("../../../lib/experiments/sweep/journal.ts", import.meta.url).href)};
      process.on("SIGXFSZ", () => {});
      const journal = await Journal.create(process.argv[1]);
      const row = (index) => ({ id: index.toString(16).padStart(32, "0"), status: "failed", index, attempt: 0, experiment: "x", config: {}, error: "x".repeat(1000) });
      try {
        for (let i = 0; i < 200; i++) { journal.append(row(i)); await journal.flush(); }
        console.log("no error");
      } catch (error) { console.log(error.name, error.message); }
    `;
    const folder = make("full");
    const run = spawnSync(
      "bash",
      ["-c", 'ulimit -f 64; exec "$@"', "-", process.execPath, "--import", "tsx", "--input-type=module", "-e", script, folder.path],
      { encoding: "utf8" },
    );
    expect(run.stdout).toMatch(/^StoreError cannot write .*: the file has reached its size limit \(EFBIG\)\. The (\d+) results/);
    const kept = Number(/The (\d+) results/.exec(run.stdout)![1]);
    expect(kept).toBeGreaterThan(30);
    expect(folder.entries().size).toBe(kept);
    const [name] = readdirSync(folder.path).filter((file) => file.startsWith("trials-"));
    expect(dropTornTail(join(folder.path, name!))).toBe(0);
  });
});

describe("a run folder", () => {
  it("is made in new and empty folders only", () => {
    mkdirSync(join(root, "empty"));
    expect(existsSync(join(make("empty").path, "config.json"))).toBe(true);
    mkdirSync(join(root, "foreign"));
    writeFileSync(join(root, "foreign", "thesis.tex"), "x");
    expect(() => make("foreign")).toThrow(/holds other files/);
    expect(readdirSync(join(root, "foreign"))).toEqual(["thesis.tex"]);
    expect(() => make("empty")).toThrow(/holds/);
    expect(() => make("a\0b")).toThrow(/zero byte/);
    writeFileSync(join(root, "file"), "");
    expect(() => make("file")).toThrow(/ENOTDIR/);
    expect(() => createRun("/proc/layerwise/x", plan)).toThrow(/cannot be written/);
  });

  it("records the sweep and where it ran", () => {
    const folder = make("env");
    const env = JSON.parse(readFileSync(join(folder.path, "env.json"), "utf8"));
    expect(env).toMatchObject({ node: process.version });
    for (const key of ["blas", "cpu", "layerwise", "git"]) expect(env[key]).toBeDefined();
    expect(RunFolder.open(folder.path).manifest).toEqual(folder.manifest);
  });

  it.each(["{}", "[", '{"kind":"layerwise-sweep","format":2}', '{"kind":"layerwise-sweep","format":1,"module":"../../x.mjs"}'])(
    "is not opened with config.json %s",
    (text) => {
      const path = mkdtempSync(join(root, "bad-"));
      writeFileSync(join(path, "config.json"), text);
      expect(() => RunFolder.open(path)).toThrow(/is not the folder of a sweep/);
    },
  );
});

describe("the lock", () => {
  it("refuses a second process, names the first, and is given back", () => {
    const folder = make("locked");
    const release = lock(folder.path);
    expect(lockHolder(folder.path)?.pid).toBe(process.pid);
    expect(() => lock(folder.path)).toThrow(new RegExp(`in use by process ${process.pid}`));
    release();
    expect(lockHolder(folder.path)).toBeUndefined();
    lock(folder.path)();
    expect(readdirSync(folder.path).filter((name) => name.includes("lock"))).toEqual([]);
  });

  it("is taken over from a process that is gone, or whose number another one has now, and not from another host", () => {
    const folder = make("stale");
    const path = join(folder.path, "lock");
    const holder = { pid: process.pid, started: "1@earlier-boot", host: hostname(), since: "x" };
    writeFileSync(path, JSON.stringify(holder));
    lock(folder.path)();
    writeFileSync(path, JSON.stringify({ ...holder, pid: 2 ** 22 + 1 }));
    lock(folder.path)();
    writeFileSync(path, "");
    lock(folder.path)();
    writeFileSync(path, JSON.stringify({ ...holder, host: "elsewhere" }));
    expect(() => lock(folder.path)).toThrow(/on elsewhere/);
  });
});
