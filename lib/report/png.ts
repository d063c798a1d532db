import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { fontFile } from "./font.js";

let ready: Promise<void> | undefined;

/**
 * A PNG of an SVG made by `toSvg`, set in DejaVu Sans: the same bytes on every machine, whatever fonts it has.
 * @param scale pixels per unit of the SVG; default 2.
 */
export async function toPng(svg: string, scale = 2): Promise<Uint8Array> {
  ready ??= initWasm(readFileSync(createRequire(import.meta.url).resolve("@resvg/resvg-wasm/index_bg.wasm")));
  await ready;
  const font = {
    fontBuffers: [fontFile("regular"), fontFile("bold")],
    defaultFontFamily: "DejaVu Sans",
    sansSerifFamily: "DejaVu Sans",
  };
  const resvg = new Resvg(svg, { font, background: "white", fitTo: { mode: "zoom", value: scale } });
  try {
    const image = resvg.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    resvg.free();
  }
}
