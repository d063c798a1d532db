import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { execute } from "../../lib/cli/program.js";
import { describeKeys, experiments, runTrial } from "../../lib/experiments/index.js";

const main = ["--import", "tsx", fileURLToPath(new URL("../../lib/cli/main.ts", import.meta.url))];
const folder = mkdtempSync(join(tmpdir(), "layerwise-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As its own process. */
const spawned = (...args: string[]) => spawnSync(process.execPath, [...main, ...args], { encoding: "utf8" });

/** In this process, which is quicker. */
async function layerwise(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  const catching = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      text[name] += chunk;
      return true;
    }),
  );
  const log = vi.spyOn(console, "log").mockImplementation((line) => {
    text.stdout += `${line}\n`;
  });
  try {
    return { status: await execute(args), ...text };
  } finally {
    for (const spy of [...catching, log]) spy.mockRestore();
  }
}

/** A quick trial. */
const small = ["run", "single-index-alignment", "--set", "d=20", "--set", "draws=2"];

describe("layerwise list", () => {
  it("names every experiment, and every key of one with its default and meaning", async () => {
    const all = await layerwise("list");
    expect(all).toMatchObject({ status: 0, stderr: "" });
    for (const { id, title } of experiments) expect(all.stdout).toMatch(new RegExp(`^${id} +${title.slice(0, 10)}`, "m"));
    const experiment = experiments.find(({ id }) => id === "linear-representation")!;
    const one = await layerwise("list", experiment.id);
    const help = await layerwise("run", experiment.id, "--help");
    expect([one.status, help.status]).toEqual([0, 0]);
    for (const { key, description } of describeKeys(experiment)) {
      for (const text of [one.stdout, help.stdout]) {
        expect(text).toMatch(new RegExp(`^  ${key} `, "m"));
        expect(text).toContain(description.split(" ")[0]);
      }
    }
    expect(one.stdout).toContain("(default");
  });

  it("and run take a file that exports an experiment", async () => {
    const file = fileURLToPath(new URL("../experiments/sweep/fixture.ts", import.meta.url));
    const keys = await layerwise("list", file);
    expect(keys).toMatchObject({ status: 0, stderr: "" });
    expect(keys.stdout).toMatch(/^orbit — An orbit\n.*\n\nKeys .*\n {2}rate /s);
    const { status, stdout } = await layerwise("run", file, "--set", "steps=3", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ experiment: "orbit", config: { steps: 3, rate: 3.99 } });
    const missing = await layerwise("run", "./no-such-file.ts");
    expect(missing).toMatchObject({ status: 2, stdout: "" });
    expect(missing.stderr).toMatch(/^layerwise: .*no-such-file\.ts/);
  });

  it("prints JSON", async () => {
    const { stdout } = await layerwise("list", "--json");
    expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(experiments.map(({ id }) => id));
  });
});

describe("layerwise run", () => {
  it("prints one JSON object and nothing else on stdout, equal to what the library computes", async () => {
    const { status, stdout, stderr } = spawned(...small, "--json");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.trimEnd()).not.toContain("\n");
    const result = JSON.parse(stdout);
    expect(Object.keys(result)).toEqual(["experiment", "config", "metrics", "series"]);
    const experiment = experiments.find(({ id }) => id === "single-index-alignment")!;
    expect(result).toEqual(JSON.parse(JSON.stringify(await runTrial(experiment, { d: 20, draws: 2 }))));
  });

  it("adds the wall time where the experiment asks for it, and writes what it prints", async () => {
    const out = join(folder, "run");
    const { status, stdout } = await layerwise(
      "run",
      "linear-representation",
      "--json",
      "--out",
      out,
      ..."d=12 dy=4 k=2 n=40 steps=5".split(" ").flatMap((set) => ["--set", set]),
    );
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.metrics.wallSeconds).toBeGreaterThan(0);
    expect(result.series.step).toEqual([0, 1, 2, 3, 4, 5]);
    expect(JSON.parse(readFileSync(join(out, "result.json"), "utf8"))).toEqual(result);
    const [head, ...rows] = readFileSync(join(out, "series.csv"), "utf8").trimEnd().split("\n");
    expect(head).toBe("step,trainLoss,distance,transferLoss");
    expect(rows).toHaveLength(6);
    expect(rows[5]).toBe([5, ...["trainLoss", "distance", "transferLoss"].map((column) => result.series[column][5])].join(","));
  });

  it("leaves a folder alone that holds other things", async () => {
    const out = join(folder, "foreign");
    rmSync(out, { recursive: true, force: true });
    await layerwise(...small, "--out", out);
    rmSync(join(out, "result.json"));
    writeFileSync(join(out, "thesis.tex"), "");
    const refused = await layerwise(...small, "--out", out);
    expect(refused.status).toBe(2);
    expect(readdirSync(out).sort()).toEqual(["series.csv", "thesis.tex"]);
  });
});

describe("bad input", () => {
  it.each([
    [
      ["run", "linear-represntation"],
      ["linear-represntation", "did you mean linear-representation?"],
    ],
    [
      ["run", "linear-representation", "--set", "dampng=1"],
      ["dampng", '"1"', "did you mean damping?", "noise, spectrum"],
    ],
    [
      ["run", "linear-representation", "--set", "d=many"],
      ["d must be an integer in [1, 4096]", '"many"'],
    ],
    [
      ["run", "linear-representation", "--set", "cond=0.5"],
      ["cond must be a number in [1, ", "got 0.5"],
    ],
    [
      ["run", "linear-representation", "--set", "optimizer=kfca"],
      ["kfca", "kfac", "did you mean"],
    ],
    [
      ["run", "linear-representation", "--set", "batchNorm=hiden"],
      ["batchNorm must be one of none, hidden, input", "did you mean hidden?"],
    ],
    [
      ["run", "linear-representation", "--set", "k=200", "--set", "d=100"],
      ["k must be at most d = 100", "200"],
    ],
    [
      ["run", "linear-representation", "--set", "lr"],
      ["key=value", '"lr"'],
    ],
    [["run", "linear-representation", "--set", "__proto__=1"], ["__proto__"]],
    [["run"], ["missing required argument 'experiment'"]],
    [
      ["run", "linear-representation", "--jsn"],
      ["--jsn", "--json"],
    ],
    [["reprodcue"], ["reprodcue", "reproduce"]],
    [["figures"], ["figures", "commands are list, run, "]],
    [
      ["run", "linear-representation", "--set", "seed=9007199254740993"],
      ["seed must be", "2⁵³ − 1"],
    ],
    [
      ["run", "train", "--set", "options=every:2"],
      ["options must be a JSON object", '"every:2"'],
    ],
    [
      ["run", "train", "--set", "options=[2]"],
      ["options must be a JSON object", "not an object"],
    ],
    [
      ["run", "train", "--set", 'options={"evry":2}'],
      ["options of kfac", 'did you mean "every"?'],
    ],
    [
      [...small, "--out", ""],
      ["--out", '""'],
    ],
    [
      ["reproduce", "--seed", "-1"],
      ["--seed must be an integer in [0, ", '"-1"'],
    ],
    [
      ["reproduce", "--seed", "1.5"],
      ["--seed must be an integer in [0, ", '"1.5"'],
    ],
    [
      ["reproduce", "--only", "alignmnt"],
      ["alignmnt", "single-index-alignment"],
    ],
    [
      ["list", "nothing"],
      ["nothing", "one of"],
    ],
  ])("%j: exit code 2 and one line", async (args, parts) => {
    const { status, stdout, stderr } = await layerwise(...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    for (const part of parts) expect(stderr).toContain(part);
  });
});

describe("a process of its own", () => {
  it("ends with the exit code and the line, and without a stack", () => {
    const { status, stdout, stderr } = spawned("run", "linear-representation", "--set", "dampng=1");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^layerwise: linear-representation: unknown key "dampng".*damping\?\n$/);
  });
});

describe("help and version", () => {
  it.each([["--help"], ["run", "--help"], ["list", "--help"], ["reproduce", "--help"], ["doctor", "--help"], ["help", "run"]])(
    "%s %s",
    async (...args) => {
      const { status, stdout, stderr } = await layerwise(...args);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^Usage: layerwise/);
    },
  );

  it("prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect((await layerwise("--version")).stdout.trim()).toBe(version);
  });
});

describe("layerwise doctor", () => {
  it("finds the arithmetic correct, and says so in JSON too", async () => {
    const { status, stdout } = await layerwise("doctor");
    expect(status).toBe(0);
    for (const part of [process.version, "OpenBLAS", "check dgemm", "check dsyevd", "check dpotrf"]) expect(stdout).toContain(part);
    expect(JSON.parse((await layerwise("doctor", "--json")).stdout)).toMatchObject({ ok: true });
  });
});

describe("pipes and signals", () => {
  it("ends quietly when its reader goes away", async () => {
    const command = [process.execPath, ...main, "list", "linear-representation"].map((word) => `'${word}'`).join(" ");
    const { stdout, stderr } = spawnSync("bash", ["-c", `${command} | head -1; echo "code \${PIPESTATUS[0]}"`], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toContain("code 0");
  });

  it("writes nothing and exits with 130 when interrupted", async () => {
    const out = join(folder, "interrupted");
    const child = spawn(process.execPath, [...main, "reproduce", "--out", out], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
      // Once: a second one would end it at once.
      if (!child.killed && stderr.includes("trials")) child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(130);
    expect(stderr).toContain("interrupted");
    expect(readdirSync(out)).toEqual([]);
  });
});
