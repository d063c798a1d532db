import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, connectionOf } from "../../lib/experiments/bullmq/connection.js";
import { BullExecutor } from "../../lib/experiments/bullmq/executor.js";
import { type RunFolder, sweep } from "../../lib/experiments/index.js";
import { journalsIn, lines, parseRow } from "../../lib/experiments/sweep/journal.js";
import orbit from "../experiments/sweep/fixture.js";

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

function okRows(folder: RunFolder): number[] {
  const counts = new Map<string, number>();
  for (const file of journalsIn(folder.path)) {
    for (const { bytes } of lines(join(folder.path, file))) {
      const { id, status } = parseRow(bytes)!;
      if (status === "ok") counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return [...counts.values()];
}

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
    port = await freePort();
    startServer();
  });
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
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
    expect(okRows(result.folder)).toEqual(Array.from({ length: 60 }, () => 1));
    expect(readFileSync(join(root, "bull", "results.csv"), "utf8")).toBe(readFileSync(join(root, "local", "results.csv"), "utf8"));
  });
});
