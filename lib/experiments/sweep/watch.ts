import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { escapeHtml } from "../../report/chart.js";
import { chartsHtml, tableHtml } from "../../report/page.js";
import { script } from "../../report/script.js";
import { css } from "../../report/style.js";
import { journalsIn } from "./journal.js";
import { drawSweep, type ReportOptions } from "./report.js";
import { statusOf } from "./status.js";
import type { RunFolder } from "./store.js";
import { mean, ranked } from "./summary.js";

/** Milliseconds between looks at the folder. */
const PERIOD = 1000;

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** What changes when there is something new: names and sizes of the journals, and whether somebody is at work. */
function fingerprint(folder: RunFolder): string {
  return journalsIn(folder.path)
    .map((name) => `${name}:${statSync(join(folder.path, name)).size}`)
    .join(",");
}

/** The live part of the page. Everything that comes from the folder is escaped. */
async function body(folder: RunFolder, options: ReportOptions, rate: number | null): Promise<string> {
  const status = statusOf(folder);
  const { summary, figures } = await drawSweep(folder, options);
  const done = status.ok + status.failed;
  const left = rate && status.missing ? `, about ${Math.ceil(status.missing / rate)} s left` : "";
  const state = status.running ? `process ${status.running.pid} on ${status.running.host} is at work` : "nobody is at work on it";
  const parts = [
    `<p id="counts">${done}${status.trials === null ? "" : ` of ${status.trials}`} trials: ${status.ok} ok, ${status.failed} failed; ${escapeHtml(state)}${rate ? `; ${rate.toPrecision(3)} trials/s${left}` : ""}.</p>`,
  ];
  if (status.trials) parts.push(`<progress max="${status.trials}" value="${done}"></progress>`);
  if (status.failures.length)
    parts.push(
      `<h2>Failures</h2><ul>${status.failures.map(({ id, error }) => `<li><code>${escapeHtml(id.slice(0, 8))}</code> ${escapeHtml(error.slice(0, 300))}</li>`).join("")}</ul>`,
    );
  if (summary) {
    const keys = [...summary.varying.keys()];
    const rows = ranked(summary)
      .slice(0, 10)
      .map(({ values, scores, without }) => [
        ...keys.map((key) => shown(values[key])),
        scores.length ? String(Number(mean(scores).toPrecision(5))) : "—",
        String(scores.length + without),
      ]);
    const order = summary.mode === "min" ? "smallest first" : "largest first";
    const caption = `By the mean of ${summary.metric} over the seeds, ${order}.`;
    parts.push(`<h2>Best so far</h2>${tableHtml({ caption, header: [...keys, `mean ${summary.metric}`, "trials"], rows })}`);
  }
  for (const figure of figures)
    parts.push(
      `<h2>${escapeHtml(figure.title)}</h2><figure>${chartsHtml(figure, figure.title)}<figcaption>${escapeHtml(figure.caption)}</figcaption></figure>`,
    );
  return parts.join("\n");
}

const page = (title: string, nonce: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${css}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p id="connection">connecting …</p>
<main id="live"></main>
<script nonce="${nonce}">${script}
const source = new EventSource("/events");
const connection = document.getElementById("connection");
source.onopen = () => { connection.textContent = "live"; };
source.onerror = () => { connection.textContent = "not connected; trying again"; };
source.onmessage = ({ data }) => { document.getElementById("live").innerHTML = JSON.parse(data); document.getElementById("tip").hidden = document.getElementById("dot").hidden = true; };
</script>
</body>
</html>
`;

export interface WatchServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a live page about a folder on this machine's loopback only: `/` and `/events` (server-sent events), nothing else, so
 * no path leads to a file. Requests for another host name are refused, or a page elsewhere could read it through a name that
 * it points at this machine.
 */
export async function watchSweep(folder: RunFolder, port = 0, options: ReportOptions = {}): Promise<WatchServer> {
  const clients = new Set<ServerResponse>();
  let last = "";
  let current = JSON.stringify(await body(folder, options, null));
  let seen = folder.entries().size;
  let since = performance.now();
  let busy = false;
  const look = async () => {
    if (busy || clients.size === 0) return;
    busy = true;
    try {
      const now = `${fingerprint(folder)};${statusOf(folder).running?.pid}`;
      if (now !== last) {
        last = now;
        const count = folder.entries().size;
        const rate = count > seen ? (1000 * (count - seen)) / (performance.now() - since) : null;
        seen = count;
        since = performance.now();
        current = JSON.stringify(await body(folder, options, rate));
        for (const client of clients) client.write(`data: ${current}\n\n`);
      }
    } catch (error) {
      for (const client of clients) client.write(`data: ${JSON.stringify(`<p>${escapeHtml(String((error as Error).message))}</p>`)}\n\n`);
    } finally {
      busy = false;
    }
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const headers = { "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" };
    const refuse = (code: number, text: string) => response.writeHead(code, { ...headers, "Content-Type": "text/plain" }).end(`${text}\n`);
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    if (host !== "127.0.0.1" && host !== "localhost") return refuse(403, "this page is for this machine only");
    if (request.method !== "GET") return refuse(405, "only GET");
    if (request.url === "/") {
      const nonce = randomBytes(16).toString("base64");
      const policy = `default-src 'none'; connect-src 'self'; img-src data:; script-src 'nonce-${nonce}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
      return response
        .writeHead(200, { ...headers, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy })
        .end(page(`${folder.manifest.experiment}: ${folder.path}`, nonce));
    }
    if (request.url === "/events") {
      response.writeHead(200, { ...headers, "Content-Type": "text/event-stream" });
      response.write(`data: ${current}\n\n`);
      clients.add(response);
      response.on("close", () => clients.delete(response));
      return response;
    }
    return refuse(404, "there is nothing here");
  };
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const timer = setInterval(() => void look(), PERIOD);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      clearInterval(timer);
      for (const client of clients) client.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
