import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunFolder, sweep } from "../../../lib/experiments/index.js";
import { InlineExecutor } from "../../../lib/experiments/sweep/inline.js";
import { writeSweepReport } from "../../../lib/experiments/sweep/report.js";
import { reopenPlan, workOn } from "../../../lib/experiments/sweep/session.js";
import { type WatchServer, watchSweep } from "../../../lib/experiments/sweep/watch.js";
import { hasChromium, inChromium, launch, open, overflow } from "../../report/browser.js";
import orbit from "./fixture.js";

const root = mkdtempSync(join(tmpdir(), "layerwise-watch-"));
const evil = "<img src=x onerror=alert(1)>";
let folder: RunFolder;
let server: WatchServer;
beforeAll(async () => {
  const executor = new InlineExecutor([orbit]);
  const module = new URL("./fixture.ts", import.meta.url).href;
  ({ folder } = await sweep(
    orbit,
    { label: [evil, "b"], mode: ["plain", "throw"], rate: [3.7, 3.8, 3.9], steps: [30, 60], seed: [0, 1] },
    { out: join(root, "run"), executor, module },
  ));
  server = await watchSweep(folder, 0, { metric: "sum" });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

/** As raw as it is given: fetch would tidy the path up and not send another Host. */
const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Promise<{ code: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const { port } = new URL(server.url);
    const ask = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      const done = () => resolve({ code: response.statusCode!, text, headers: response.headers });
      response.on("data", (data) => {
        text += data;
        if (path === "/events" && text.endsWith("\n\n")) {
          done();
          ask.destroy();
        }
      });
      response.on("end", done);
    });
    ask.on("error", reject);
    ask.end();
  });

describe("watch", () => {
  it("serves two things and no file, whatever the path", async () => {
    expect((await get("/")).text).toContain("<main");
    for (const path of [
      "/config.json",
      "/../../../../etc/passwd",
      "/%2e%2e/config.json",
      "//etc/passwd",
      "/events/../config.json",
      "/?/etc/passwd",
      "/..%2fconfig.json",
    ]) {
      expect(await get(path)).toMatchObject({ code: 404, text: "there is nothing here\n" });
    }
    expect((await get("/", {}, "POST")).code).toBe(405);
  });

  it("listens on the loopback only, and refuses other host names", async () => {
    expect(new URL(server.url).hostname).toBe("127.0.0.1");
    expect((await get("/", { host: "evil.example" })).code).toBe(403);
    expect((await get("/events", { host: "evil.example:80" })).code).toBe(403);
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((net) => net && !net.internal && net.family === "IPv4");
    for (const net of others) await expect(fetch(`http://${net!.address}:${new URL(server.url).port}/`)).rejects.toThrow();
  });

  it("escapes what comes from the folder and lets no script run but its own", async () => {
    const { headers } = await get("/");
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'.*script-src 'nonce-/);
    const html = JSON.parse((await get("/events")).text.replace(/^data: /, "")) as string;
    expect(html).toContain("24 ok, 24 failed");
    expect(html).toContain("&lt;img src=x");
    expect(html).toContain("&lt;script&gt;");
    expect(html).not.toMatch(/<img|<script/);
    const report = readFileSync(await writeSweepReport(folder, { metric: "sum" }), "utf8");
    expect(report).toContain("&lt;img src=x");
    expect(report).not.toMatch(/<img|<script(?!>\n"use strict")/);
    expect(report.match(/<svg/g)!.length).toBe(6);
  });

  it("shows new results as they come", async () => {
    const events = await fetch(`${server.url}events`);
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value!;
    await workOn(folder, await reopenPlan(folder), new InlineExecutor([{ ...orbit, trial: () => ({ sum: 1 }) }]), { retryFailed: true });
    while (!text.includes("48 ok, 0 failed")) text += (await reader.read()).value;
    await reader.cancel();
  });

  it.skipIf(!hasChromium)(inChromium("shows itself in a browser and follows what is written"), async () => {
    const browser = await launch();
    try {
      const { page, requests, complaints } = await open(browser, server.url, { online: true });
      await page.locator("#connection", { hasText: /^live$/ }).waitFor();
      await page.locator(".wide svg").nth(1).waitFor();
      expect(await page.locator("#counts").textContent()).toMatch(/^48 of 48 trials: 48 ok, 0 failed/);
      expect(await page.locator("main img, main script").count()).toBe(0);
      expect(await page.locator("main").textContent()).toContain(evil);
      await page.locator(".chart").first().focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.locator("#tip").textContent()).toMatch(/\d/);
      await page.locator("th button").last().click();
      expect(await page.locator("th").last().getAttribute("aria-sort")).toBe("ascending");
      // Another trial of the folder, written by another process: the page follows without being asked.
      const journal = join(folder.path, readdirSync(folder.path).find((name) => name.endsWith(".jsonl"))!);
      const rows = readFileSync(journal, "utf8").trim().split("\n");
      const row = JSON.parse(rows.findLast((line) => line.includes('"status":"ok"'))!);
      appendFileSync(journal, `${JSON.stringify({ ...row, id: "f".repeat(32), index: 48 })}\n`);
      await page.locator("#counts", { hasText: "49 ok" }).waitFor();
      expect(await page.locator("#tip").isVisible()).toBe(false);
      await page.setViewportSize({ width: 375, height: 700 });
      expect(await overflow(page)).toBe(0);
      expect(requests).toEqual([server.url, `${server.url}events`]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it.skipIf(!hasChromium)(inChromium("writes a report that opens without a network"), async () => {
    const url = pathToFileURL(await writeSweepReport(folder, { metric: "sum" })).href;
    const browser = await launch();
    try {
      const { page, requests, complaints } = await open(browser, url, { width: 375 });
      expect(await page.locator("svg >> visible=true").count()).toBeGreaterThanOrEqual(2);
      expect(await page.locator("main img, body img").count()).toBe(0);
      expect(await overflow(page)).toBe(0);
      expect(requests).toEqual([url]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
