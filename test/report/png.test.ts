import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { textWidth } from "../../lib/report/font.js";
import { toPng, toSvg } from "../../lib/report/index.js";

/** Chunks of a PNG file by type. */
function chunks(png: Uint8Array): Map<string, Buffer> {
  const data = Buffer.from(png);
  const found = new Map<string, Buffer>();
  for (let at = 8; at < data.length; ) {
    const length = data.readUInt32BE(at);
    const type = data.toString("latin1", at + 4, at + 8);
    found.set(type, Buffer.concat([found.get(type) ?? Buffer.alloc(0), data.subarray(at + 8, at + 8 + length)]));
    at += 12 + length;
  }
  return found;
}

const text = (content: string, fill = "black") =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><text x="2" y="15" font-family="system-ui, sans-serif" font-size="14" fill="${fill}">${content}</text></svg>`;

describe("toPng", () => {
  it("draws a figure at twice its size, the same bytes again", async () => {
    const svg = await toSvg({
      width: 100,
      height: 50,
      data: { values: [{ x: 1, y: 2 }] },
      mark: "point",
      encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
    });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!;
    const png = await toPng(svg);
    const header = chunks(png).get("IHDR")!;
    expect([header.readUInt32BE(0), header.readUInt32BE(4)]).toEqual([2 * Number(width), 2 * Number(height)]);
    expect(Buffer.from(await toPng(svg)).equals(png)).toBe(true);
  });

  it("draws text, Greek letters and superscripts too, whatever fonts the machine has", async () => {
    const pixels = async (svg: string) => inflateSync(chunks(await toPng(svg)).get("IDAT")!).toString("latin1");
    const blank = await pixels(text("a", "none"));
    const seen = new Set([blank]);
    for (const letter of ["a", "λ", "β", "φ", "η", "⁴", "⁻", "ₐ", "‖", "≤"]) seen.add(await pixels(text(letter)));
    expect(seen.size).toBe(11);
  });

  it("says what is wrong with something else", async () => {
    await expect(toPng("<p>")).rejects.toThrow();
  });
});

describe("textWidth", () => {
  it("adds up advances: of DejaVu Sans, a digit is 1303 of 2048 units", () => {
    expect(textWidth("0123456789")).toBeCloseTo((10 * 1303) / 2048, 12);
    expect(textWidth("SGD")).toBeCloseTo(textWidth("S") + textWidth("G") + textWidth("D"), 12);
    expect(textWidth("SGD", true)).toBeGreaterThan(textWidth("SGD"));
    expect(textWidth("")).toBe(0);
  });
});
