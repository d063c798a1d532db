import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** Runs a program of its own, since the number of threads belongs to the process. */
const run = (body: string, env: Record<string, string> = {}) =>
  execFileSync(
    process.execPath,
    [
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      `import { eigh, eighAsync, Matrix } from ${JSON.stringify(new URL("../../lib/linalg/index.ts", import.meta.url).href)};
       import { getThreads, setThreads } from ${JSON.stringify(new URL("../../lib/runtime.ts", import.meta.url).href)};
       const a = Matrix.zeros(40, 40);
       for (let i = 0; i < 40; i++) for (let j = 0; j < 40; j++) a.set(i, j, Math.cos(i * j) + Math.cos(i + j));
       for (let i = 0; i < 40; i++) for (let j = 0; j < i; j++) a.set(j, i, a.get(i, j));
       const bits = () => Buffer.from(eigh(a).values.buffer).toString("base64");
       ${body}`,
    ],
    { encoding: "utf8", env: { ...process.env, ...env } },
  ).trim();

describe("small problems and threads", () => {
  it("leave the number of threads as it was", () => {
    expect(run(`setThreads(2); bits(); console.log(getThreads()); setThreads(3); bits(); console.log(getThreads());`)).toBe("2\n3");
  });

  it("leave it as it was when they fail", () => {
    expect(run(`setThreads(2); a.set(1, 0, NaN); try { bits() } catch (e) { console.log(e.code) } console.log(getThreads());`)).toBe(
      "ERR_NOT_FINITE\n2",
    );
  });

  it("give the bits of one thread", () => {
    const one = run(`console.log(bits())`, { OPENBLAS_NUM_THREADS: "1" });
    expect(run(`setThreads(2); console.log(bits())`)).toBe(one);
  });
});
