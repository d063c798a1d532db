import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { textWidth } from "./font.js";
import { type Readable, readables } from "./hover.js";
import { config } from "./theme.js";

// Without a canvas Vega guesses 0.8 em for every character. This is the hook it has for measuring; its types leave it out.
const { parse, View, textMetrics } = vega as typeof vega & {
  textMetrics: { width(item: { fontSize?: number; fontWeight?: unknown }, text: unknown): number };
};
textMetrics.width = ({ fontSize = 11, fontWeight }, text) => {
  const bold = fontWeight === "bold" || Number(fontWeight) >= 600;
  return fontSize * textWidth(String(text ?? "").trim(), bold);
};

/** A Vega-Lite specification without the shared configuration, as figures return it. */
// biome-ignore lint/suspicious/noExplicitAny: Vega-Lite's own type is too deep to be built up piece by piece.
export type Spec = any;

/** The complete specification: schema, configuration, and nothing that is fetched. */
export function complete(spec: Spec): TopLevelSpec {
  return { $schema: "https://vega.github.io/schema/vega-lite/v6.json", ...spec, config: { ...config, ...spec.config } } as TopLevelSpec;
}

/** Refuses to load anything: a figure contains its data. */
const offline = {
  load: async (uri: string) => {
    throw new Error(`a figure must not load ${uri}`);
  },
  sanitize: async () => ({ href: "" }),
  http: async () => "",
  file: async () => "",
};

/** A drawn figure. */
export interface Chart {
  readonly svg: string;
  /** The values in it that can be read by pointing at them. */
  readonly values: readonly Readable[];
}

/**
 * Draws a figure (no canvas, no browser).
 * @param idPrefix put before every id inside, so that several figures can share one HTML page.
 */
export async function drawChart(spec: Spec, idPrefix = ""): Promise<Chart> {
  const warnings: string[] = [];
  const warn = (...args: unknown[]) => {
    warnings.push(args.map(String).join(" "));
    return logger;
  };
  const quiet = () => logger;
  const logger = { level: quiet, error: warn, warn, info: quiet, debug: quiet };
  const pointed = named(complete(spec)) as TopLevelSpec;
  // biome-ignore lint/suspicious/noExplicitAny: `level` is overloaded as getter and setter.
  const compiled = compile(pointed, { logger: logger as any }).spec;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const view = new View(parse(compiled), { renderer: "none", loader: offline as any, logger: logger as any });
  const svg = await view.toSVG();
  const { left = 0, top = 0 } = view.padding() as { left?: number; top?: number };
  const [x, y] = view.origin();
  const values = readables((view.scenegraph() as unknown as { root: unknown }).root, [x + left, y + top]);
  view.finalize();
  if (warnings.length) throw new Error(`figure is not drawn as specified: ${warnings[0]}`);
  return { svg: renumber(svg, idPrefix), values };
}

/** The SVG of {@link drawChart}. */
export const toSvg = async (spec: Spec, idPrefix = "") => (await drawChart(spec, idPrefix)).svg;

/** The specification with its marks' tooltips turned on, whose values are called as their axes and legends are. */
function named(spec: Spec): Spec {
  const inside = (part: Spec): Spec => {
    if (Array.isArray(part)) return part.map(inside);
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(
      Object.entries(part as Record<string, Spec>).map(([key, value]) => {
        if (key === "data" || key === "datasets" || key === "config") return [key, value];
        if (key !== "encoding" || value === null || typeof value !== "object") return [key, inside(value)];
        const channels = Object.entries(value as Record<string, Spec>).map(([channel, definition]) => {
          const title = definition?.axis?.title ?? definition?.legend?.title;
          const plain = title && definition.field && definition.title === undefined && !(`${channel}2` in value);
          return [channel, plain ? { ...definition, title } : definition];
        });
        return [key, Object.fromEntries(channels)];
      }),
    );
  };
  const { config: own, ...rest } = spec;
  return { ...inside(rest), config: { ...own, aria: false, mark: { tooltip: true, ...own?.mark } } };
}

/** Vega counts its ids on from the last figure: from one again, so that the same figure is the same bytes. */
function renumber(svg: string, prefix: string): string {
  const names = new Map<string, string>();
  const name = (id: string) => {
    if (!names.has(id)) names.set(id, `${prefix}clip${names.size + 1}`);
    return names.get(id)!;
  };
  return svg.replace(/\bid="([^"]+)"/g, (_, id) => `id="${name(id)}"`).replace(/url\(#([^)]+)\)/g, (_, id) => `url(#${name(id)})`);
}

/** Lets an SVG shrink to the width it is given: the drawn size becomes the largest one. */
export function responsive(svg: string, label: string): string {
  const [, width, height] = /<svg[^>]*\swidth="([\d.]+)"[^>]*\sheight="([\d.]+)"/.exec(svg) ?? [];
  if (!width || !height) throw new Error("not an SVG made by toSvg");
  const attributes = `viewBox="0 0 ${width} ${height}" style="width:100%;max-width:${width}px;height:auto" role="img" aria-label="${escapeHtml(label)}"`;
  return svg.replace(/<svg[^>]*>/, `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>`);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!);
}
