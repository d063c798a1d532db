import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, connectionOf } from "../../lib/experiments/bullmq/connection.js";
import { BullExecutor } from "../../lib/experiments/bullmq/executor.js";
import { sweep } from "../../lib/experiments/index.js";
import { type BuiltPackage, builtPackage } from "../built.js";
import orbit from "../experiments/sweep/fixture.js";
import { okRows, starter } from "./command-line.js";

const program = ["redis-server", "valkey-server"].find((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0);
if (!program) console.warn("skipped: neither redis-server nor valkey-server is installed (apt-get install redis-server)");
const root = mkdtempSync(join(tmpdir(), "layerwise-redis-"));
const children: ChildProcess[] = [];
let port = 0;
let server: ChildProcess;

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

/** With the append-only file, so that a restart forgets nothing; a password and a user of its own. */
function startServer(): void {
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    root,
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--save",
    "",
  ];
  server = spawn(program!, [...args, "--user", "default", "off", "--user", "layerwise", "on", ">p@ss:word", "~*", "&*", "+@all"], {
    stdio: "ignore",
  });
  children.push(server);
}

async function startWorker(url: string, queue: string, version: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("./bull-worker.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, url, queue, version], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await new Promise((resolve) => child.stdout!.once("data", resolve));
  return child;
}

const fixture = fileURLToPath(new URL("../experiments/sweep/fixture.ts", import.meta.url));
let built: BuiltPackage;
const layerwise = starter(() => built, children);

describe("connectionOf", () => {
  it("reads user, password, port, database and TLS, and does not repeat a password", () => {
    expect(connectionOf({ url: "rediss://me:p%40ss@host:7000/2" })).toMatchObject({
      host: "host",
      port: 7000,
      db: 2,
      username: "me",
      password: "p@ss",
      tls: { servername: "host" },
    });
    expect(connectionOf({ url: "redis://localhost" })).not.toHaveProperty("tls");
    expect(() => connectionOf({ url: "http://me:secret@host" })).toThrow(/^(?!.*secret).*redis/);
  });
});

describe.skipIf(!program)("BullMQ", () => {
  beforeAll(async () => {
    built = await builtPackage();
    port = await freePort();
    startServer();
  });
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
    built?.remove();
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  it("says at once when the server refuses the user", async () => {
    await expect(connect({ url: `redis://layerwise:wrong@127.0.0.1:${port}` })).rejects.toThrow(
      /^layerwise: Redis at 127.0.0.1.*WRONGPASS/,
    );
  });

  it("loses nothing to a killed worker and a restarted server, and gives what a local sweep gives", async () => {
    const axes = { rate: [3.9, 3.99], wait: [0.1], seed: "0:30" } as const;
    const module = new URL("../experiments/sweep/fixture.ts", import.meta.url).href;
    await sweep(orbit, axes, { out: join(root, "local"), module, workers: 1 });

    const url = `redis://layerwise:p%40ss%3Aword@127.0.0.1:${port}`;
    const [first] = await Promise.all([startWorker(url, "test", "1"), startWorker(url, "test", "1")]);
    const executor = new BullExecutor({ redis: { url }, queue: "test", version: "1" });
    let count = 0;
    const observe = () => {
      count++;
      // In the middle of its trial.
      if (count === 8) first.kill("SIGKILL");
      if (count === 20) {
        server.kill("SIGKILL");
        setTimeout(startServer, 1000);
      }
    };
    const result = await sweep(orbit, axes, { out: join(root, "bull"), module, executor, observe });
    await executor.close();
    expect(count).toBeGreaterThanOrEqual(60);
    expect(result).toMatchObject({ ok: 60, failed: 0, complete: true });
    expect([...okRows(result.folder.path).values()]).toEqual(Array.from({ length: 60 }, () => 1));
    expect(readFileSync(join(root, "bull", "results.csv"), "utf8")).toBe(readFileSync(join(root, "local", "results.csv"), "utf8"));
  });

  it("gives from the command line what a local sweep gives, also when the collecting process is killed and resumed", async () => {
    const sweep = ["sweep", fixture, "rate=3.9,3.99", "wait=0.1", "seed=0:20", "--out"];
    expect(await layerwise(...sweep, join(root, "cli-local"), "--workers", "1").code).toBe(0);
    process.env.LAYERWISE_REDIS = `redis://layerwise:p%40ss%3Aword@127.0.0.1:${port}`;
    const out = join(root, "cli-bull");
    const first = layerwise(...sweep, out, "--executor", "bullmq");
    const queue = /queue (\S+): start workers/.exec(await first.says(/start workers/))![1]!;
    const workers = [1, 2].map(() => layerwise("worker", "--queue", queue, "--experiment", fixture, "--workers", "1"));
    await first.until(() => okRows(out).size >= 5);
    first.child.kill("SIGKILL");
    await first.code;
    expect(okRows(out).size).toBeLessThan(40);
    expect(await layerwise("resume", out, "--executor", "bullmq").code).toBe(0);
    expect([...okRows(out).values()]).toEqual(Array.from({ length: 40 }, () => 1));
    expect(readFileSync(join(out, "results.csv"), "utf8")).toBe(readFileSync(join(root, "cli-local", "results.csv"), "utf8"));
    for (const { child } of workers) child.kill("SIGTERM");
    expect(await Promise.all(workers.map(({ code }) => code))).toEqual([0, 0]);
  });
});
