import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { inflateSync } from "node:zlib";

/**
 * DejaVu Sans, from its npm package: the same on every machine, bare ones too, with the Greek letters and superscripts that the
 * figures use. PNG files are set in it; SVG files name the reader's own fonts first, which are narrower, so its widths leave room.
 */
const files = { regular: "dejavu-sans-latin-400-normal.woff", bold: "dejavu-sans-latin-700-normal.woff" };

const cached = new Map<keyof typeof files, Uint8Array>();

/** A TrueType file. */
export function fontFile(weight: keyof typeof files): Uint8Array {
  let file = cached.get(weight);
  if (!file) {
    const path = createRequire(import.meta.url).resolve(`@fontsource/dejavu-sans/files/${files[weight]}`);
    file = sfnt(readFileSync(path));
    cached.set(weight, file);
  }
  return file;
}

/** Unpacks WOFF 1.0 (W3C Recommendation, 2012): the tables of a TrueType file, each compressed by itself. */
function sfnt(woff: Buffer): Uint8Array {
  const count = woff.readUInt16BE(12);
  const out = Buffer.alloc(woff.readUInt32BE(16));
  woff.copy(out, 0, 4, 8); // flavour
  out.writeUInt16BE(count, 4);
  const power = Math.floor(Math.log2(count));
  out.writeUInt16BE(16 * 2 ** power, 6);
  out.writeUInt16BE(power, 8);
  out.writeUInt16BE(16 * (count - 2 ** power), 10);
  let end = 12 + 16 * count;
  for (let i = 0; i < count; i++) {
    const entry = 44 + 20 * i;
    const [offset, packed, length, checksum] = [4, 8, 12, 16].map((at) => woff.readUInt32BE(entry + at)) as [
      number,
      number,
      number,
      number,
    ];
    const body = woff.subarray(offset, offset + packed);
    woff.copy(out, 12 + 16 * i, entry, entry + 4); // tag
    out.writeUInt32BE(checksum, 16 + 16 * i);
    out.writeUInt32BE(end, 20 + 16 * i);
    out.writeUInt32BE(length, 24 + 16 * i);
    (packed < length ? inflateSync(body) : body).copy(out, end);
    end += (length + 3) & ~3;
  }
  return out;
}

/** Widths of the characters of the Basic Multilingual Plane that the font has, in em. */
function advances(file: Uint8Array): Map<number, number> {
  const data = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const tables = new Map<string, number>();
  for (let i = 0; i < data.readUInt16BE(4); i++)
    tables.set(data.toString("latin1", 12 + 16 * i, 16 + 16 * i), data.readUInt32BE(20 + 16 * i));
  const [head, hhea, hmtx, cmap] = ["head", "hhea", "hmtx", "cmap"].map((tag) => tables.get(tag)!) as [number, number, number, number];
  const em = data.readUInt16BE(head + 18);
  const long = data.readUInt16BE(hhea + 34);
  const widthOf = (glyph: number) => data.readUInt16BE(hmtx + 4 * Math.min(glyph, long - 1)) / em;
  const widths = new Map<number, number>();
  for (let i = 0; i < data.readUInt16BE(cmap + 2); i++) {
    const table = cmap + data.readUInt32BE(cmap + 8 + 8 * i);
    if (data.readUInt16BE(table) !== 4) continue; // format 4: segments of the BMP
    const double = data.readUInt16BE(table + 6);
    for (let at = table + 14; at < table + 14 + double; at += 2) {
      const last = data.readUInt16BE(at);
      const first = data.readUInt16BE(at + double + 2);
      const delta = data.readUInt16BE(at + 2 * double + 2);
      const place = at + 3 * double + 2;
      const range = data.readUInt16BE(place);
      for (let code = first; code <= last && code < 0xffff; code++) {
        const listed = range === 0 ? code : data.readUInt16BE(place + range + 2 * (code - first));
        const glyph = listed === 0 ? 0 : (listed + delta) & 0xffff;
        if (glyph !== 0) widths.set(code, widthOf(glyph));
      }
    }
  }
  return widths;
}

const metrics = new Map<keyof typeof files, Map<number, number>>();

/** Width of a line of text in em: of the widest font that is likely to show it. */
export function textWidth(text: string, bold = false): number {
  const weight = bold ? "bold" : "regular";
  let widths = metrics.get(weight);
  if (!widths) {
    widths = advances(fontFile(weight));
    metrics.set(weight, widths);
  }
  let width = 0;
  for (const character of text) width += widths.get(character.codePointAt(0)!) ?? 1;
  return width;
}
