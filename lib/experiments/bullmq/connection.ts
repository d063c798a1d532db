import { readFileSync } from "node:fs";
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

/** BullMQ, an optional peer dependency. */
export async function loadBullmq(): Promise<typeof import("bullmq")> {
  try {
    return await import("bullmq");
  } catch (cause) {
    throw new Error("layerwise: the package bullmq is needed for this: npm install bullmq", { cause });
  }
}
