import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { config } from "./theme.js";

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

/**
 * Draws a figure as SVG (no canvas, no browser).
 * @param idPrefix put before every id inside, so that several figures can share one HTML page.
 */
export async function toSvg(spec: Spec, idPrefix = ""): Promise<string> {
  const warnings: string[] = [];
  const warn = (...args: unknown[]) => {
    warnings.push(args.map(String).join(" "));
    return logger;
  };
  const quiet = () => logger;
  const logger = { level: quiet, error: warn, warn, info: quiet, debug: quiet };
  // biome-ignore lint/suspicious/noExplicitAny: `level` is overloaded as getter and setter.
  const compiled = compile(complete(spec), { logger: logger as any }).spec;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const view = new View(parse(compiled), { renderer: "none", loader: offline as any, logger: logger as any });
  const svg = await view.toSVG();
  view.finalize();
  if (warnings.length) throw new Error(`figure is not drawn as specified: ${warnings[0]}`);
  return renumber(svg, idPrefix);
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
