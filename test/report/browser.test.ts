import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environment } from "../../lib/experiments/environment.js";
import type { Executor, Trial, TrialRecord } from "../../lib/experiments/executor.js";
import { paperFigures as figures } from "../../lib/experiments/paper/index.js";
import { writeReport } from "../../lib/experiments/paper/write.js";
import { runFigures } from "../../lib/experiments/reproduce.js";
import { drawChart, logAxis, type PageFigure, pageHtml } from "../../lib/report/index.js";
import { paper, settings, world } from "../experiments/paper/world.js";
import { hasChromium, inChromium, launch, open, overflow } from "./browser.js";

const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)> & 'one' "two" </div>`;

/** Curves 1/x and 10/x with a band and points: x = 1, 10, 100. */
const spec = {
  width: 300,
  height: 200,
  data: {
    values: [1, 10].flatMap((k) =>
      [1, 10, 100].map((x) => ({ x, y: k / x, low: (0.5 * k) / x, high: (2 * k) / x, method: k === 1 ? "one" : hostile })),
    ),
  },
  encoding: {
    x: { field: "x", type: "quantitative", scale: { type: "log" }, axis: logAxis("step", [1, 100]) },
    color: { field: "method", type: "nominal" },
  },
  layer: [
    {
      mark: { type: "area", opacity: 0.2 },
      encoding: { y: { field: "low", type: "quantitative", scale: { type: "log" } }, y2: { field: "high" } },
    },
    { mark: "line", encoding: { y: { field: "y", type: "quantitative", axis: { title: "train loss" } } } },
  ],
};

const folder = mkdtempSync(join(tmpdir(), "layerwise-browser-"));
let browser: Browser;
beforeAll(async () => {
  if (hasChromium) browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function smallPage(): Promise<string> {
  const figure: PageFigure = {
    id: "one",
    title: hostile,
    caption: hostile,
    wide: await drawChart(spec, "wide-"),
    narrow: await drawChart(spec, "narrow-"),
    table: {
      caption: "numbers and words",
      header: ["n", "name", hostile, "a column", "another column", "and another one", "which is the last"],
      rows: [
        ["10", "item 10", "—", "some words", "some words", "some words", "some words"],
        ["9 ± 1", "item 9", "2", "some words", "some words", "some words", "some words"],
        ["−3", "item 2", "1e-3", "some words", "some words", "some words", "some words"],
        ["2e3", hostile, "0.5", "some words", "some words", "some words", "some words"],
      ],
    },
    commands: [`layerwise run ${"x".repeat(300)}`],
    configuration: [hostile],
  };
  const claim = { verdict: "holds", statement: hostile, measured: hostile, source: hostile, estimator: hostile, test: hostile } as const;
  const file = join(folder, "small.html");
  const html = pageHtml({
    title: hostile,
    lead: [hostile],
    command: hostile,
    claims: [claim],
    figures: [figure],
    environment: [[hostile, hostile]],
  });
  writeFileSync(file, html);
  return pathToFileURL(file).href;
}

describe.skipIf(!hasChromium)(inChromium("a page in Chromium"), () => {
  it("asks for nothing but itself, complains about nothing, and lets no text become markup", async () => {
    const url = await smallPage();
    const { page, requests, complaints } = await open(browser, url);
    expect(await page.locator("h1").textContent()).toBe(hostile);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(1);
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
  });

  it("shows the value of the place that is pointed at, with its band, in words of the axes", async () => {
    const { page } = await open(browser, await smallPage());
    const chart = page.locator(".wide .chart");
    await chart.scrollIntoViewIfNeeded();
    const tip = page.locator("#tip");
    expect(await tip.isVisible()).toBe(false);
    const series = JSON.parse((await chart.getAttribute("data-values"))!) as [string, string[], (number | string)[][]][];
    expect(series.map(([, , places]) => places.length)).toEqual([3, 3]);
    const [, , places] = series.find(([, , [first]]) => first!.includes("one"))!;
    const box = (await chart.locator("svg").boundingBox())!;
    const scale = box.width / Number((await chart.locator("svg").getAttribute("viewBox"))!.split(" ")[2]);
    await page.mouse.move(box.x + scale * Number(places[1]![0]) + 3, box.y + scale * Number(places[1]![1]) + 2);
    expect((await tip.locator("div").allInnerTexts()).sort()).toEqual(["high 0.2", "low 0.05", "method one", "step 10", "train loss 0.1"]);
    await page.keyboard.press("Escape");
    expect(await tip.isVisible()).toBe(false);
  });

  it("reads values by keys and by touch", async () => {
    const { page, complaints } = await open(browser, await smallPage(), { touch: true, width: 375 });
    const chart = page.locator(".narrow .chart");
    const tip = page.locator("#tip");
    await chart.focus();
    const steps: (string | undefined)[] = [];
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]) {
      await page.keyboard.press(key);
      steps.push((await tip.locator("div").allInnerTexts()).find((line) => line.startsWith("step")));
    }
    expect(steps).toEqual(["step 1", "step 10", "step 100", "step 100", "step 10"]);
    const first = await tip.textContent();
    await page.keyboard.press("ArrowDown");
    expect(await tip.textContent()).not.toBe(first);
    expect(await tip.textContent()).toContain("step 10");
    expect(await overflow(page)).toBe(0);
    await page.keyboard.press("Tab");
    expect(await tip.isVisible()).toBe(false);

    const box = (await chart.locator("svg").boundingBox())!;
    const [[, , [place]]] = JSON.parse((await chart.getAttribute("data-values"))!) as [[string, string[], [[number, number, ...string[]]]]];
    const scale = box.width / Number((await chart.locator("svg").getAttribute("viewBox"))!.split(" ")[2]);
    await page.touchscreen.tap(box.x + scale * place[0], box.y + scale * place[1]);
    expect(await tip.textContent()).toMatch(/step 1(?!0)/);
    expect(complaints).toEqual([]);
  });

  it("sorts a table by a click or by keys: ascending, descending, as it was; what is missing last", async () => {
    const { page } = await open(browser, await smallPage());
    const table = page.locator("section .scroll table").first();
    const column = (n: number) => table.locator(`tbody td:nth-child(${n})`).allInnerTexts();
    const head = (n: number) => table.locator(`thead th:nth-child(${n})`);
    const original = await column(1);
    await head(1).locator("button").click();
    expect(await column(1)).toEqual(["−3", "9 ± 1", "10", "2e3"]);
    expect(await head(1).getAttribute("aria-sort")).toBe("ascending");
    await page.keyboard.press("Enter");
    expect(await column(1)).toEqual(["2e3", "10", "9 ± 1", "−3"]);
    expect(await head(1).getAttribute("aria-sort")).toBe("descending");
    await head(2).locator("button").click();
    expect((await column(2)).filter((text) => text.startsWith("item"))).toEqual(["item 2", "item 9", "item 10"]);
    expect(await head(1).getAttribute("aria-sort")).toBe("none");
    await head(3).locator("button").click();
    await head(3).locator("button").click();
    expect(await column(3)).toEqual(["2", "0.5", "1e-3", "—"]);
    await page.keyboard.press("Space");
    expect(await column(1)).toEqual(original);
  });
});

/** Made-up records, so that the page is a real one without an hour of trials. */
const made: Executor = {
  async *execute(chunks) {
    for await (const chunk of chunks) {
      for (const trial of chunk as readonly Trial[]) {
        const record: TrialRecord = { ...trial, ...world(paper)(trial), status: "ok", timing: { seconds: 1, cpuSeconds: 1 } };
        yield record;
      }
    }
  },
  async close() {},
};

describe.skipIf(!hasChromium)(inChromium("the report of reproduce in Chromium"), () => {
  let url: string;
  beforeAll(async () => {
    const { results, trials } = await runFigures(figures, settings, made);
    await writeReport(folder, { figures, settings, results, trials, environment: environment(), wallSeconds: 1 });
    url = pathToFileURL(join(folder, "index.html")).href;
  }, 120_000);

  it("has with every figure what it is, how it was made and its values, and files that open", async () => {
    const { page, requests, complaints } = await open(browser, url);
    for (const { id, title } of figures) {
      const section = page.locator(`section#${id}`);
      expect(await section.locator("h2").textContent()).toContain(title);
      expect((await section.locator("figcaption").textContent())!.length).toBeGreaterThan(100);
      await section.locator("summary").click();
      const details = await section.locator("details").textContent();
      expect(details).toContain(`layerwise reproduce --quick --seed ${settings.seed} --only ${id}`);
      expect(details).toContain("layerwise run ");
      expect(details).toMatch(/seed(=|: )\d/);
      await section.locator(".wide .chart").focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.locator("#tip").textContent()).toMatch(/\d/);
    }
    const links = await page.locator(".files a").evaluateAll((all) => all.map((a) => a.getAttribute("href")!));
    expect(links).toHaveLength(3 * figures.length);
    for (const link of links) expect(readFileSync(join(folder, link)).length).toBeGreaterThan(1000);
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
  });

  it("fits a telephone, and its figures are as wide as it", async () => {
    const { page } = await open(browser, url, { width: 375 });
    expect(await overflow(page)).toBe(0);
    expect(await page.locator(".wide >> visible=true").count()).toBe(0);
    for (const box of await page.locator(".narrow svg").evaluateAll((all) => all.map((svg) => svg.getBoundingClientRect().toJSON()))) {
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.right).toBeLessThanOrEqual(375);
      expect(box.width).toBeGreaterThan(250);
    }
  });

  it("prints what is folded away", async () => {
    const { page } = await open(browser, url);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await page.locator("details:not([open])").count()).toBe(0);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await page.locator("details[open]").count()).toBe(0);
    expect((await page.pdf({ format: "A4" })).subarray(0, 5).toString()).toBe("%PDF-");
  });

  it("draws no text outside its figure or over other text of its axes and labels", async () => {
    const { page } = await open(browser, url);
    const clashes = await page.evaluate(`[...document.querySelectorAll(".wide svg")].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim());
      const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      const outside = boxes.filter(({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
      const over = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
        Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 2 &&
        Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top) > 5).map((b) => a.text + " over " + b.text));
      return [...outside.map(({ text }) => text + " outside"), ...over];
    })`);
    expect(clashes).toEqual([]);
  });
});
