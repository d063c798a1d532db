import { createHash } from "node:crypto";
import { compile } from "vega-lite";
import { describe, expect, it } from "vitest";
import { complete, drawChart, logAxis, logDomain, type Page, pageHtml, responsive, toSvg } from "../../lib/report/index.js";

const spec = {
  width: 200,
  height: 100,
  data: { values: [1, 10, 100].map((x) => ({ x, y: 1 / x, name: "a < b" })) },
  mark: { type: "line", clip: true },
  encoding: {
    x: { field: "x", type: "quantitative", scale: { type: "log" }, axis: logAxis("x", [1, 100]) },
    y: { field: "y", type: "quantitative", scale: { type: "log", domain: [1e-4, 1] }, axis: logAxis("y", [1e-4, 1]) },
    color: { field: "name", type: "nominal" },
  },
};

describe("toSvg", () => {
  it("draws the same bytes again, and prefixes every id and its uses", async () => {
    const svg = await toSvg(spec, "one-");
    expect(await toSvg(spec, "one-")).toBe(svg);
    const ids = [...svg.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);
    const uses = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id!);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.every((id) => id.startsWith("one-"))).toBe(true);
    expect(uses.every((id) => ids.includes(id))).toBe(true);
    expect(svg).toContain("a &lt; b");
  });

  it("labels powers of ten with superscripts outside 0.01 … 1000", async () => {
    const svg = await toSvg(spec);
    expect(svg).toContain(">10⁻⁴<");
    expect(svg).toContain(">0.01<");
    expect(svg).not.toContain("µ");
  });

  it("refuses data from elsewhere and specifications that Vega-Lite would bend", async () => {
    await expect(toSvg({ ...spec, data: { url: "https://example.org/data.json" } })).rejects.toThrow("must not load");
    await expect(toSvg({ ...spec, encoding: { ...spec.encoding, x: { ...spec.encoding.x, type: "quantitive" } } })).rejects.toThrow();
  });

  it("gives complete specifications that compile by themselves", () => {
    expect(() => compile(complete(spec))).not.toThrow();
  });
});

describe("responsive", () => {
  it("replaces the fixed size by a largest one", async () => {
    const svg = responsive(await toSvg(spec), 'a "label"');
    expect(svg).toMatch(
      /^<svg [^>]*viewBox="0 0 \d+ \d+" style="width:100%;max-width:\d+px;height:auto" role="img" aria-label="a &quot;label&quot;">/,
    );
    expect(() => responsive("<p>", "")).toThrow("not an SVG");
  });
});

describe("logDomain", () => {
  it("covers the finite positive values with half decades", () => {
    const [low, high] = logDomain([0.02, 3, null, Number.NaN, 0, -1, Number.POSITIVE_INFINITY]);
    expect(low).toBeCloseTo(0.01, 12);
    expect(high).toBeCloseTo(Math.sqrt(10), 12);
    expect(logDomain([])).toEqual([0.1, 10]);
    const [one, more] = logDomain([10]);
    expect(more).toBeGreaterThan(one);
  });
});

describe("pageHtml", () => {
  const hostile = `<script>alert("x")</script> & 'y'`;
  const page = async (): Promise<Page> => ({
    title: hostile,
    lead: [hostile],
    command: hostile,
    claims: (["holds", "holds partly", "does not hold", "not measured"] as const).map((verdict) => ({
      verdict,
      statement: hostile,
      measured: hostile,
      source: hostile,
      estimator: hostile,
      test: hostile,
    })),
    figures: [
      {
        id: "one",
        title: hostile,
        caption: hostile,
        wide: await drawChart(spec, "one-wide-"),
        narrow: await drawChart(spec, "one-narrow-"),
        table: { caption: hostile, header: [hostile], rows: [[hostile]] },
        commands: [hostile],
        configuration: [hostile],
      },
    ],
    environment: [[hostile, hostile]],
  });

  it("escapes everything, and contains no script but its own, which its policy knows", async () => {
    const html = pageHtml(await page());
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text!);
    expect(html.match(/<script/gi)).toHaveLength(1);
    expect(scripts).toHaveLength(1);
    expect(html).toContain(`script-src 'sha256-${createHash("sha256").update(scripts[0]!).digest("base64")}'`);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain(hostile);
    expect(html).toContain("&lt;script&gt;");
  });

  it("refers to nothing outside itself", async () => {
    const html = pageHtml(await page());
    const references = [...html.matchAll(/\b(?:src|href|xlink:href|action|data)\s*=\s*"([^"]*)"/gi)].map(([, target]) => target!);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((target) => !target.startsWith("#") && !target.startsWith("data:"))).toEqual([]);
    expect(html).not.toMatch(/url\((?!#)|@import|<link(?![^>]*href="data:)/i);
    // The only addresses are XML namespaces, which nobody fetches.
    expect(html.replace(/xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:\/\//);
    const anchors = references.filter((target) => target.length > 1 && target.startsWith("#")).map((target) => target.slice(1));
    for (const anchor of anchors) expect(html).toContain(`id="${anchor}"`);
  });

  it("gives no id twice", async () => {
    const ids = [...pageHtml(await page()).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
