import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { ConfigError } from "../config.js";

/** How a Redis or Valkey server is reached. */
export interface RedisOptions {
  /** `redis://user:password@host:port/db`, `rediss://` with TLS. */
  readonly url: string;
  /** Files in PEM: the authority that signed the server's certificate, and this client's certificate and key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Connection settings for BullMQ. @throws ConfigError that does not repeat the password */
export function connectionOf({ url, ca, cert, key }: RedisOptions) {
  const bad = (allowed: string) => new ConfigError({ message: `--redis must be ${allowed}`, key: "redis", allowed });
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw bad("a URL: redis://user:password@host:port/db, or rediss:// with TLS");
  }
  if (parsed.protocol !== "redis:" && parsed.protocol !== "rediss:") throw bad("a URL with redis:// or, with TLS, rediss://");
  const db = Number(parsed.pathname.slice(1) || 0);
  if (!Number.isInteger(db)) throw bad("a URL whose path is the number of a database");
  return {
    host: parsed.hostname || "127.0.0.1",
    port: Number(parsed.port || 6379),
    db,
    ...(parsed.username ? { username: decodeURIComponent(parsed.username) } : {}),
    ...(parsed.password ? { password: decodeURIComponent(parsed.password) } : {}),
    ...(parsed.protocol === "rediss:"
      ? {
          tls: {
            servername: parsed.hostname,
            ...(ca ? { ca: readFileSync(ca) } : {}),
            ...(cert ? { cert: readFileSync(cert) } : {}),
            ...(key ? { key: readFileSync(key) } : {}),
          },
        }
      : {}),
    // Commands wait for a server that restarts.
    maxRetriesPerRequest: null,
  };
}

const missing = (cause: unknown) =>
  new Error("layerwise: the packages bullmq and ioredis are needed for this: npm install bullmq ioredis", { cause });

/** BullMQ, an optional peer dependency. */
export async function loadBullmq(): Promise<typeof import("bullmq")> {
  try {
    return await import("bullmq");
  } catch (cause) {
    throw missing(cause);
  }
}

/** Seconds that the first connection may take; later ones are tried for ever. */
const PATIENCE = 15;

/**
 * A client, to be disconnected by whoever asked for it.
 * @throws Error when the server cannot be reached or refuses the user.
 */
export async function connect(options: RedisOptions): Promise<Redis> {
  const settings = connectionOf(options);
  let Client: typeof Redis;
  try {
    Client = (await import("ioredis")).Redis;
  } catch (cause) {
    throw missing(cause);
  }
  const client = new Client(settings);
  let last = "no answer";
  // It also keeps later errors, while the server restarts, from ending the process.
  client.on("error", (error: Error) => {
    last = error.message;
  });
  for (let waited = 0; client.status !== "ready" && waited < 10 * PATIENCE; waited++) {
    if (/WRONGPASS|NOAUTH|NOPERM|invalid username/i.test(last)) break;
    await sleep(100);
  }
  if (client.status === "ready") return client;
  client.disconnect();
  throw new Error(`layerwise: Redis at ${settings.host}:${settings.port}: ${last}`);
}
