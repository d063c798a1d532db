import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { binding } from "../lib/binding.js";
import { gemm, gemmAsync, inverseRoot, Matrix, orthogonalize, solve, syrk } from "../lib/linalg/index.js";
import { Stream } from "../lib/random/index.js";
import { blasInfo, getThreads, selfCheck, setThreads } from "../lib/runtime.js";
import { diagnose } from "../lib/self-check.js";
import { addon } from "./addon.js";

describe("blasInfo", () => {
  it("names the version and the kernels", () => {
    const info = blasInfo();
    expect(info.version).toMatch(/^OpenBLAS \d+\.\d+/);
    expect(info.coreType).toMatch(/^\w+$/);
    expect(info.threads).toBe(getThreads());
    expect(info.processors).toBeGreaterThan(0);
  });
});

describe("threads", () => {
  const before = getThreads();
  afterEach(() => setThreads(before));

  it("are set for the process", () => {
    setThreads(1);
    expect(getThreads()).toBe(1);
    setThreads(2);
    expect(getThreads()).toBe(2);
  });

  it.each([0, -1, 1.5, Number.NaN, 4096, "2"])("refuses %o", (threads) => {
    expect(() => setThreads(threads as number)).toThrow(/threads must be/);
    expect(getThreads()).toBe(before);
  });

  it("do not change a bit of any result", async () => {
    const stream = new Stream(1, "threads");
    const a = stream.normal(Matrix.zeros(430, 410));
    const b = stream.normal(Matrix.zeros(410, 300));
    const s = syrk(a);
    const results = () =>
      [gemm(a, b), gemm(b.T, a.T), inverseRoot(s, { p: 4, damping: 1e-3 }), orthogonalize(a), solve(s, a), syrk(a)].map((x) =>
        Buffer.from(x.data.buffer),
      );
    setThreads(1);
    const alone = results();
    for (const threads of [2, 3, 5]) {
      setThreads(threads);
      expect(results().map((x, i) => x.equals(alone[i]!))).toEqual(alone.map(() => true));
    }
    // Calls that find the threads taken do without.
    const promised = await Promise.all(Array.from({ length: 4 }, () => gemmAsync(a, b)));
    for (const { data } of promised) expect(alone[0]!.equals(Buffer.from(data.buffer))).toBe(true);
  });

  it.each([2, 3, 7])("lose nothing in thousands of products close together, %d of them", (threads) => {
    const stream = new Stream(2, "threads");
    // Below and above the size at which sleeping threads are woken.
    const pairs = [112, 130, 240].map((n) => {
      const [a, b] = [stream.normal(Matrix.zeros(n, n)), stream.normal(Matrix.zeros(n, n))];
      setThreads(1);
      return { a, b, right: Buffer.from(gemm(a, b).data.buffer), out: Matrix.zeros(n, n) };
    });
    setThreads(threads);
    for (let i = 0; i < 1500; i++) {
      const { a, b, right, out } = pairs[i % 7 === 0 ? 2 : i % 2]!;
      out.data.fill(Number.NaN);
      gemm(a, b, { out });
      if (!right.equals(Buffer.from(out.data.buffer))) throw new Error(`product ${i} is wrong`);
      if (i % 50 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // let them fall asleep
    }
  });

  /** Runs a script in a fresh process and returns what it printed. */
  const run = (script: string, env: Record<string, string> = {}) => {
    const { OPENBLAS_NUM_THREADS: _, OMP_NUM_THREADS: __, GOTO_NUM_THREADS: ___, ...inherited } = process.env;
    return JSON.parse(
      execFileSync(process.execPath, ["-e", script], { env: { ...inherited, ADDON: addon, ...env }, encoding: "utf8", timeout: 20_000 }),
    );
  };
  /** Thread counts seen: at first, in and beside two living workers, and after the last has gone. */
  const lifetimes = (prepare: string) => `
    const { Worker } = require("node:worker_threads");
    const { once } = require("node:events");
    const binding = require(process.env.ADDON);
    const body = 'const b = require(process.env.ADDON); b.enterWorker(); const { parentPort } = require("node:worker_threads");' +
      'parentPort.postMessage(b.getThreads()); parentPort.once("message", () => process.exit());';
    (async () => {
      ${prepare}
      const seen = [binding.getThreads()];
      const workers = [new Worker(body, { eval: true }), new Worker(body, { eval: true })];
      for (const [threads] of await Promise.all(workers.map((w) => once(w, "message")))) seen.push(threads);
      seen.push(binding.getThreads());
      workers[0].postMessage(0); await once(workers[0], "exit"); seen.push(binding.getThreads());
      await workers[1].terminate(); seen.push(binding.getThreads());
      console.log(JSON.stringify(seen));
    })();`;

  it("default to one while workers hold the addon", () => {
    const first = run("console.log(require(process.env.ADDON).getThreads())");
    expect(run(lifetimes(""))).toEqual([first, 1, 1, 1, 1, first]);
  });

  it("stay as the user has chosen", () => {
    expect(run(lifetimes("binding.setThreads(3);"))).toEqual([3, 3, 3, 3, 3, 3]);
    expect(run(lifetimes(""), { OPENBLAS_NUM_THREADS: "2" })).toEqual([2, 2, 2, 2, 2, 2]);
  });
});

describe("self-check", () => {
  it("passes here, for each routine in both precisions", () => {
    const report = selfCheck();
    expect(report).toMatchObject({ passed: true, message: null });
    expect(report.checks.map((check) => check.routine).sort()).toEqual(
      ["gemm", "potrf", "syevd", "syrk"].flatMap((routine) => [`d${routine}`, `s${routine}`]).sort(),
    );
  });

  it("sees a single wrong entry in any of them", () => {
    for (const { routine, error, limit } of binding.selfCheck(1e-3)) expect(error, routine).toBeGreaterThan(limit);
  });

  it("says what is wrong and how to mend it", () => {
    const info = { config: "OpenBLAS 0.3.0 DYNAMIC_ARCH", coreType: "SkylakeX", threads: 1, processors: 1 };
    const checks = [
      { routine: "dgemm", error: 1, limit: 4 },
      { routine: "ssyevd", error: Number.POSITIVE_INFINITY, limit: 10 },
      { routine: "dpotrf", error: Number.NaN, limit: 10 },
    ];
    expect(diagnose(checks.slice(0, 1), info)).toBeNull();
    const message = diagnose(checks, info, "x64");
    expect(message).toContain("ssyevd (error Infinity, at most 10 allowed), dpotrf (error NaN");
    expect(message).toContain("OpenBLAS 0.3.0 runs its SkylakeX kernels");
    expect(message).toContain("OPENBLAS_CORETYPE=Haswell");
    expect(message).not.toContain("dgemm");
    expect(diagnose(checks, { ...info, coreType: "Haswell" }, "x64")).toContain("OPENBLAS_CORETYPE=Nehalem");
  });

  it("runs once per process", async () => {
    expect(binding.firstLoad()).toBe(false);
    const worker = new Worker(`require("node:worker_threads").parentPort.postMessage(require(${JSON.stringify(addon)}).firstLoad())`, {
      eval: true,
    });
    expect(await once(worker, "message")).toEqual([false]);
    await worker.terminate();
  });
});
