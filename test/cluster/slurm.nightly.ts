import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sweep } from "../../lib/experiments/index.js";
import { SlurmExecutor } from "../../lib/experiments/slurm/executor.js";
import { modulesOf, reopenPlan, workOn } from "../../lib/experiments/sweep/session.js";
import { RunFolder } from "../../lib/experiments/sweep/store.js";
import { type BuiltPackage, builtPackage } from "../built.js";
import orbit from "../experiments/sweep/fixture.js";
import { okRows, starter } from "./command-line.js";

const programs = ["munged", "slurmctld", "slurmd", "sbatch"];
const absent = programs.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
if (absent.length) console.warn(`skipped: ${absent.join(", ")} not installed (apt-get install slurmctld slurmd slurm-client munge)`);
const root = mkdtempSync(join(tmpdir(), "layerwise-slurm-"));
const daemons: ChildProcess[] = [];
const conf = join(root, "slurm.conf");

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

function daemon(name: string, ...args: string[]): ChildProcess {
  const child = spawn(name, args, { stdio: "ignore" });
  daemons.push(child);
  return child;
}

const until = async (condition: () => boolean, seconds = 60) => {
  for (let waited = 0; waited < 10 * seconds; waited++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited ${seconds} s in vain`);
};

const fixture = fileURLToPath(new URL("../experiments/sweep/fixture.ts", import.meta.url));
let built: BuiltPackage;
const layerwise = starter(() => built, daemons);

let controller: ChildProcess;
const startController = () => {
  controller = daemon("slurmctld", "-D", "-f", conf);
};

describe.skipIf(absent.length > 0)("Slurm", () => {
  beforeAll(async () => {
    built = await builtPackage();
    const host = hostname().split(".")[0]!;
    const socket = join(root, "munge.socket");
    writeFileSync(join(root, "munge.key"), "k".repeat(128), { mode: 0o400 });
    for (const name of ["state", "spool"]) mkdirSync(join(root, name));
    writeFileSync(
      conf,
      `ClusterName=layerwise
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${socket}
CredType=cred/munge
StateSaveLocation=${root}/state
SlurmdSpoolDir=${root}/spool
SlurmctldPidFile=${root}/slurmctld.pid
SlurmdPidFile=${root}/slurmd.pid
SlurmctldLogFile=${root}/slurmctld.log
SlurmdLogFile=${root}/slurmd.log
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MinJobAge=600
MaxArraySize=4
NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
    );
    daemon(
      "munged",
      "--foreground",
      "--force",
      `--key-file=${root}/munge.key`,
      `--socket=${socket}`,
      `--pid-file=${root}/munged.pid`,
      `--log-file=${root}/munged.log`,
      `--seed-file=${root}/munge.seed`,
    );
    await until(() => readdirSync(root).includes("munge.socket"));
    startController();
    daemon("slurmd", "-D", "-f", conf);
    process.env.SLURM_CONF = conf;
    await until(() => /idle/.test(spawnSync("sinfo", ["-h", "-o", "%t"], { encoding: "utf8" }).stdout));
  });
  afterAll(async () => {
    for (const child of daemons.reverse()) child.kill("SIGKILL");
    built?.remove();
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  it("loses nothing to a killed element and a restarted controller, and gives what a local sweep gives", async () => {
    const axes = { rate: [3.9, 3.99], wait: [0.15], seed: "0:40" } as const;
    const module = new URL("../experiments/sweep/fixture.ts", import.meta.url).href;
    await sweep(orbit, axes, { out: join(root, "local"), module, workers: 1 });

    // The same folder as the command line would make it, then worked on through Slurm.
    const out = join(root, "slurm-run");
    const controllerOfFirst = new AbortController();
    controllerOfFirst.abort();
    await sweep(orbit, axes, { out, module, signal: controllerOfFirst.signal });
    const folder = RunFolder.open(out);
    const executor = new SlurmExecutor({ folder: out, modules: modulesOf(folder), perElement: 8, poll: 0.5 });
    let disturbed = false;
    const disturb = () => {
      if (disturbed) return;
      disturbed = true;
      // SIGKILL to an element's program in the middle of a trial, and to the controller.
      const pids = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" })
        .split("\n")
        .filter((line) => line.includes("slurm/element") && line.includes(out))
        .map((line) => Number(line.trim().split(/\s+/)[0]));
      expect(pids.length).toBeGreaterThan(0);
      process.kill(pids[0]!, "SIGKILL");
      // A restart as an administrator does it: killed within seconds of a job's start, Slurm forgets the start and drains the node.
      controller.once("exit", startController);
      setTimeout(() => controller.kill("SIGTERM"), 3000);
    };
    const outcome = await workOn(folder, await reopenPlan(folder), executor, { observe: disturb });
    await executor.close();
    expect(disturbed).toBe(true);
    expect(outcome).toMatchObject({ ok: 80, failed: 0, complete: true });
    const counts = okRows(out);
    expect([counts.size, ...new Set(counts.values())]).toEqual([80, 1]);
    expect(readFileSync(join(out, "results.csv"), "utf8")).toBe(readFileSync(join(root, "local", "results.csv"), "utf8"));
    expect(readdirSync(out)).not.toContain("slurm");
  });

  it("gives from the command line what a local sweep gives, also when the collecting process is killed and resumed", async () => {
    const sweep = ["sweep", fixture, "rate=3.9,3.99", "wait=0.1", "seed=0:20", "--out"];
    expect(await layerwise(...sweep, join(root, "cli-local"), "--workers", "1").code).toBe(0);
    const out = join(root, "cli-slurm");
    const first = layerwise(...sweep, out, "--executor", "slurm", "--per-element", "5", "--sbatch", "--time=10 --cpus-per-task=1");
    // Elements have computed something that nobody has collected yet.
    const computed = () =>
      existsSync(join(out, "slurm")) &&
      readdirSync(join(out, "slurm"), { recursive: true, encoding: "utf8" }).some(
        (name) => name.endsWith(".jsonl") && readFileSync(join(out, "slurm", name), "utf8").includes("\n"),
      );
    await until(computed);
    first.child.kill("SIGKILL");
    await first.code;
    expect(await layerwise("resume", out, "--executor", "slurm", "--per-element", "5").code).toBe(0);
    expect([...okRows(out).values()]).toEqual(Array.from({ length: 40 }, () => 1));
    expect(readFileSync(join(out, "results.csv"), "utf8")).toBe(readFileSync(join(root, "cli-local", "results.csv"), "utf8"));
    expect(spawnSync("squeue", ["--noheader"], { encoding: "utf8" }).stdout.trim()).toBe("");
  });
});
