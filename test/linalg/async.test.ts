import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as linalg from "../../lib/linalg/index.js";
import {
  cholesky,
  choleskyAsync,
  choleskyInverse,
  choleskyInverseAsync,
  choleskySolve,
  choleskySolveAsync,
  eigh,
  eighAsync,
  eigvalsh,
  eigvalshAsync,
  gemm,
  gemmAsync,
  inverseRoot,
  inverseRootAsync,
  inverseRoots,
  inverseRootsAsync,
  lstsq,
  lstsqAsync,
  lu,
  luAsync,
  Matrix,
  orthogonalize,
  orthogonalizeAsync,
  qr,
  qrAsync,
  type Real,
  type RootInfo,
  singularValues,
  singularValuesAsync,
  solve,
  solveAsync,
  svd,
  svdAsync,
  syrk,
  syrkAsync,
} from "../../lib/linalg/index.js";
import { addon } from "../addon.js";
import { gaussian } from "./residuals.js";

/** Runs a script in a process of its own, so that a crash would be seen and not felt. */
function isolated(script: string, ...flags: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", script], {
    env: { ...process.env, ADDON: addon, OPENBLAS_NUM_THREADS: "1" },
    encoding: "utf8",
    timeout: 50_000,
  });
  return { status, signal, output: stdout.trim(), errors: stderr };
}
const clean = (output: string) => ({ status: 0, signal: null, output, errors: "" });

describe.each(["float64", "float32"] as const)("asynchronous routines, %s", (dtype) => {
  const a = gaussian(30, 30, 1, dtype);
  const wide = gaussian(12, 20, 2, dtype);
  const view = gaussian(40, 40, 3, dtype).block(3, 5, 30, 20);
  const definite = gaussian(30, 30, 0, dtype);
  definite.copy(gemm(a, a.T));

  it("give what the synchronous ones give", async () => {
    expect(await eighAsync(definite)).toEqual(eigh(definite));
    expect(await choleskyAsync(definite)).toEqual(cholesky(definite));
    expect(await qrAsync(view)).toEqual(qr(view));
    expect(await svdAsync(wide)).toEqual(svd(wide));
    expect(await svdAsync(wide, { full: true })).toEqual(svd(wide, { full: true }));
    expect(await eigvalshAsync(definite)).toEqual(eigvalsh(definite));
    expect(await singularValuesAsync(view)).toEqual(singularValues(view));
    expect(await solveAsync(a, view)).toEqual(solve(a, view));
    expect(await luAsync(view)).toEqual(lu(view));
    expect(await luAsync(wide)).toEqual(lu(wide));
    const factor = cholesky(definite);
    expect(await choleskySolveAsync(factor, view)).toEqual(choleskySolve(factor, view));
    expect(await choleskyInverseAsync(factor)).toEqual(choleskyInverse(factor));
    for (const [x, b] of [
      [view, a],
      [wide, gaussian(12, 3, 4, dtype)],
    ] as const) {
      expect(await lstsqAsync(x, b)).toEqual(lstsq(x, b));
      expect(await lstsqAsync(x, b, { rcond: 0.3 })).toEqual(lstsq(x, b, { rcond: 0.3 }));
    }
    expect(await syrkAsync(view)).toEqual(syrk(view));
    expect(await syrkAsync(view.T, { alpha: -2 })).toEqual(syrk(view.T, { alpha: -2 }));
    expect(await gemmAsync(a, view)).toEqual(gemm(a, view));
    expect(await gemmAsync(view.T, a.T, { alpha: 2 })).toEqual(
      gemm(view.T, a.T, { alpha: 2, out: new Matrix(a.data.slice(0, 600) as Real, 20, 30) }),
    );
  });

  it("give the same roots and polar factors", async () => {
    for (const options of [{ p: 1 }, { p: 4, damping: 0.1, relativeTo: "trace" }] as const) {
      const info = {};
      expect(await inverseRootAsync(definite, options)).toEqual({ root: inverseRoot(definite, { ...options, info }), info });
    }
    const stack = gaussian(90, 30, 0, dtype);
    for (let i = 0; i < 3; i++) stack.block(30 * i, 0, 30, 30).copy(definite);
    const infos: RootInfo[] = [];
    const roots = inverseRoots(stack, { p: 2, damping: 0.5, info: infos });
    expect(await inverseRootsAsync(stack, { p: 2, damping: 0.5 })).toEqual({ roots, info: infos });
    for (const method of ["exact", "newton-schulz", "polar-express"] as const) {
      expect(await orthogonalizeAsync(view, { method })).toEqual(orthogonalize(view, { method }));
    }
  });

  it("take empty matrices", async () => {
    const empty = wide.block(0, 0, 0, 0);
    expect((await eighAsync(empty)).values.length).toBe(0);
    expect((await qrAsync(wide.block(0, 0, 5, 0))).q.rows).toBe(5);
    expect((await lstsqAsync(wide.block(0, 0, 0, 4), wide.block(0, 0, 0, 2))).x.toArrays()).toEqual(Array(4).fill([0, 0]));
    expect((await choleskyInverseAsync(empty)).rows).toBe(0);
    expect((await inverseRootsAsync(empty, { p: 2, small: "floor" })).info).toEqual([]);
    expect((await luAsync(wide.block(0, 0, 3, 0))).l.rows).toBe(3);
  });
});

describe("asynchronous routines", () => {
  it("throw on bad arguments and reject on bad numbers", async () => {
    expect(() => eighAsync(Matrix.zeros(2, 3))).toThrow("eighAsync: a must be square, got 2×3");
    expect(() => gemmAsync(Matrix.zeros(2, 3), Matrix.zeros(2, 3))).toThrow("the inner dimensions differ");
    // biome-ignore lint/suspicious/noExplicitAny: a mistake that only JavaScript can make
    expect(() => gemmAsync(Matrix.identity(2), Matrix.zeros(2, 2, "float32") as any)).toThrow(TypeError);
    await expect(choleskyAsync(Matrix.diagonal([1, 1, -1]))).rejects.toMatchObject({
      code: "ERR_NOT_POSITIVE_DEFINITE",
      message: "dpotrfAsync: leading minor of order 3 is not positive definite",
    });
    await expect(eighAsync(Matrix.diagonal([1, Number.NaN]))).rejects.toMatchObject({ code: "ERR_NOT_FINITE" });
    expect(() => lstsqAsync(Matrix.zeros(2, 2), Matrix.zeros(3, 1))).toThrow("lstsqAsync: b must have 2 rows, got 3");
    expect(() => lstsqAsync(Matrix.identity(2), Matrix.identity(2), { rcond: 2 })).toThrow(RangeError);
    expect(() => choleskyInverseAsync(Matrix.zeros(2, 3))).toThrow("choleskyInverseAsync: a must be square");
    expect(() => choleskySolveAsync(Matrix.identity(2), Matrix.zeros(3, 1))).toThrow(RangeError);
    expect(() => inverseRootsAsync(Matrix.zeros(3, 2), { p: 2 })).toThrow("inverseRootsAsync: a must stack 2×2 matrices");
    await expect(choleskyInverseAsync(Matrix.zeros(2, 2))).rejects.toMatchObject({ code: "ERR_SINGULAR" });
    await expect(lstsqAsync(Matrix.diagonal([1, Number.NaN]), Matrix.identity(2))).rejects.toMatchObject({ code: "ERR_NOT_FINITE" });
    await expect(inverseRootsAsync(Matrix.from([[1], [-1]]), { p: 2 })).rejects.toMatchObject({
      code: "ERR_NOT_POSITIVE_DEFINITE",
      message: expect.stringContaining("matrix 1 of 2"),
    });
    await expect(solveAsync(Matrix.zeros(2, 2), Matrix.identity(2))).rejects.toMatchObject({ code: "ERR_SINGULAR" });
  });

  it("work on copies: later writes change nothing", async () => {
    const a = gaussian(80, 80, 1) as Matrix;
    const expected = svd(a);
    const pending = svdAsync(a);
    a.fill(Number.NaN);
    expect(await pending).toEqual(expected);
  });

  it("let the event loop go on", async () => {
    let turns = 0;
    let done = false;
    const turn = () => {
      turns++;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    await eighAsync(gaussian(120, 120, 1));
    done = true;
    expect(turns).toBeGreaterThan(0);
  });

  it("survive the transfer of their arguments", () => {
    const script = `
      const b = require(process.env.ADDON);
      (async () => {
        const n = 300, worst = [];
        for (let round = 0; round < 3; round++) {
          let a = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 + i : 0));
          const { promise } = b.dsyevdAsync(true, n, a, 0, n);
          structuredClone(a, { transfer: [a.buffer] });
          a = null;
          for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); }
          const { values } = await promise;
          worst.push(Math.max(...values.map((x, i) => Math.abs(x - (1 + i * (n + 1))))) < 1e-9);
        }
        console.log(worst.join());
      })();`;
    expect(isolated(script, "--expose-gc")).toEqual(clean("true,true,true"));
  });

  it("survive the termination of their worker", () => {
    const script = `
      const { Worker } = require("node:worker_threads");
      const { once } = require("node:events");
      const body = \`
        const b = require(process.env.ADDON), n = 150;
        const a = Float64Array.from({ length: n * n }, (_, i) => Math.cos(i));
        for (let i = 0; i < 12; i++) {
          b.dsyevdAsync(true, n, a, 0, n).promise.then(() => {});
          b.dpotrfAsync(n, a, 0, n).promise.catch(() => {});
        }
        require("node:worker_threads").parentPort.postMessage(0);\`;
      (async () => {
        for (let round = 0; round < 8; round++) {
          const worker = new Worker(body, { eval: true });
          await once(worker, "message");
          if (round % 2) await new Promise((resolve) => setTimeout(resolve, round));
          await worker.terminate();
        }
        const b = require(process.env.ADDON);
        const { values } = await b.dsyevdAsync(true, 2, Float64Array.of(2, 1, 1, 2), 0, 2).promise;
        console.log(Array.from(values, Math.round).join());
      })();`;
    expect(isolated(script)).toEqual(clean("1,3"));
  });

  it("run in eight workers at once", () => {
    const script = `
      const { Worker } = require("node:worker_threads");
      const { once } = require("node:events");
      const body = \`
        const b = require(process.env.ADDON), n = 60;
        b.enterWorker();
        const a = Float64Array.from({ length: n * n }, (_, i) => Math.cos((i % n) * Math.floor(i / n)));
        Promise.all(Array.from({ length: 6 }, () => b.dgesddAsync("thin", n, n, a, 0, n).promise)).then((all) => {
          const own = new Float64Array(n);
          b.dgesdd("values", n, n, a, 0, n, own, 0);
          const same = all.every(({ s }) => s.every((x, i) => Math.abs(x - own[i]) < 1e-10));
          require("node:worker_threads").parentPort.postMessage(same);
        });\`;
      const workers = Array.from({ length: 8 }, () => new Worker(body, { eval: true }));
      Promise.all(workers.map((w) => once(w, "message"))).then((all) => console.log(all.flat().join()));`;
    expect(isolated(script)).toEqual(clean(Array(8).fill("true").join()));
  });
});

it("every O(n³) function has an asynchronous version, or a reason to have none", () => {
  const reasons: Record<string, string[]> = {
    "O(n²) at most": [
      "dtypeOf",
      "allocate",
      "rootInfo",
      "smallThreshold",
      "axpy",
      "dot",
      "norm",
      "scale",
      "trace",
      "addDiagonal",
      "symmetrize",
      "gemv",
      "symv",
      "ger",
    ],
    "as gemm, which is there": ["syr2k", "symm", "trmm", "trsm", "kroneckerApply"],
    "updates its argument": ["kroneckerFactorUpdate", "kroneckerFactorsUpdate", "eigenbasisRefresh", "transportSecondMoment"],
    "composed of others": ["condition", "eighRange"],
    "for matrices too small to wait for": ["orthogonalizeStack"],
  };
  const functions = Object.entries(linalg).flatMap(([name, value]) =>
    typeof value === "function" && !/^class\b/.test(String(value)) && !name.endsWith("Async") ? [name] : [],
  );
  expect(functions.filter((name) => !(`${name}Async` in linalg)).sort()).toEqual(Object.values(reasons).flat().sort());
});

describe("AbortSignal", () => {
  it("takes any number of computations without a warning", async () => {
    const warned: unknown[] = [];
    const note = (warning: unknown) => warned.push(warning);
    process.on("warning", note);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 30 }, () => eighAsync(Matrix.identity(2), { signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warned).toEqual([]);
  });

  it("aborted before the call: nothing starts", async () => {
    const reason = new Error("no longer wanted");
    await expect(eighAsync(Matrix.identity(2), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it.skipIf(process.platform === "win32")("takes back what waits", async () => {
    const folder = mkdtempSync(join(tmpdir(), "layerwise-abort-"));
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    // Opening it for reading holds a thread of the pool until somebody opens it for writing: nothing else can start meanwhile.
    const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
    const held = Array.from({ length: threads }, () => open(fifo, "r"));
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const waiting = Array.from({ length: 20 }, () => eighAsync(gaussian(4, 4, 1) as Matrix, { signal: controller.signal }));
    controller.abort(reason);
    const settled = await Promise.allSettled(waiting);
    closeSync(openSync(fifo, "w"));
    for (const file of held) await (await file).close();
    rmSync(folder, { recursive: true });
    expect(settled).toEqual(waiting.map(() => ({ status: "rejected", reason })));
  });

  it("lets what has started run to its end", async () => {
    const a = gaussian(300, 300, 1) as Matrix;
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const all = Array.from({ length: 12 }, () => eighAsync(a, { signal: controller.signal }));
    const first = await all[0]!; // the others have started, or wait
    controller.abort(reason);
    for (const result of await Promise.allSettled(all)) {
      if (result.status === "fulfilled") expect(result.value.values).toEqual(first.values);
      else expect(result.reason).toBe(reason);
    }
  });
});
