/** A place in a drawing with a value to read: x, y, and the texts of its series' keys. */
export type Place = readonly [x: number, y: number, ...texts: string[]];

/** Places of one colour in one panel, from left to right. */
export interface Readable {
  readonly color: string;
  /** The names of the texts. */
  readonly keys: readonly string[];
  readonly places: readonly Place[];
}

interface Item {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly stroke?: string;
  readonly fill?: string;
  readonly tooltip?: Readonly<Record<string, string>>;
  readonly items?: readonly Mark[];
}

interface Mark {
  readonly marktype: string;
  readonly role?: string;
  readonly clip?: unknown;
  readonly items: readonly Item[];
}

/** Marks whose own position is not a value's: what they say is added to a place at the same x, if there is one. */
const spans = new Set(["area", "rule"]);

/** Numbers with four digits, which is what a reader wants from a curve. */
function shown(text: string): string {
  const value = Number(text.replace("−", "-"));
  if (text === "" || text === "null" || text === "NaN" || text === "undefined") return "—";
  if (!Number.isFinite(value)) return text;
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(3).replace(/\.?0*e\+?/, "e") : String(Number(value.toPrecision(4)));
}

const rounded = (value: number) => Math.round(10 * value) / 10;

/**
 * What a reader can point at in a drawn view: every mark with a tooltip, in the coordinates of its SVG. A band or an error bar
 * is read together with the point of the same colour at its x.
 * @param root the view's scene graph, @param origin where it lies in the SVG.
 */
export function readables(root: unknown, origin: readonly [number, number]): Readable[] {
  const found = new Map<string, { color: string; texts: Map<string, string>; x: number; y: number; panel: number; span: boolean }>();
  let panels = 0;
  const walk = (mark: Mark, left: number, top: number, panel: number, box: Item) => {
    for (const item of mark.items) {
      const [x, y] = [left + (item.x ?? 0), top + (item.y ?? 0)];
      if (mark.marktype === "group") {
        if (mark.role !== "frame" && mark.role !== "scope") continue;
        const own = item.x === undefined && item.y === undefined ? panel : ++panels;
        for (const child of item.items ?? []) walk(child, x, y, own, item);
        continue;
      }
      if (mark.role !== "mark" || mark.marktype === "text" || !item.tooltip || typeof item.tooltip !== "object") continue;
      const [cx, cy] = mark.marktype === "rect" ? [x + (item.width ?? 0) / 2, y + (item.height ?? 0) / 2] : [x, y];
      if (mark.clip && (cx < left - 1 || cx > left + box.width! + 1 || cy < top - 1 || cy > top + box.height! + 1)) continue;
      if (!Number.isFinite(cx) || !Number.isFinite(cy)) continue;
      const color = [item.stroke, item.fill].find((paint) => typeof paint === "string" && paint !== "transparent") ?? "#777";
      const texts = new Map(Object.entries(item.tooltip).map(([key, value]) => [key, shown(value)]));
      const span = spans.has(mark.marktype);
      // Cells have a colour each, and are read on their own.
      const cell = mark.marktype === "rect";
      const base = `${panel} ${cell ? `${cx} ${cy}` : `${color} ${rounded(cx)}`}`;
      let key = base;
      for (let i = 0; ; i++, key = `${base} ${i}`) {
        const other = found.get(key);
        const agrees = other && [...texts].every(([name, text]) => (other.texts.get(name) ?? text) === text);
        if (other && !agrees) continue;
        const merged = new Map([...(other?.texts ?? []), ...texts]);
        const place = !other || (other.span && !span) ? { x: cx, y: cy, span } : { x: other.x, y: other.y, span: other.span };
        found.set(key, { color: cell ? "" : color, texts: merged, panel, ...place });
        break;
      }
    }
  };
  walk(root as Mark, origin[0], origin[1], 0, {});
  const groups = new Map<string, { color: string; keys: string[]; places: Place[] }>();
  for (const { color, texts, x, y, panel, span } of found.values()) {
    if (span) continue; // a rule or band alone marks a value of the theory; its label says so
    const keys = [...texts.keys()];
    const name = JSON.stringify([panel, color, keys]);
    const group = groups.get(name) ?? { color, keys, places: [] };
    group.places.push([rounded(x), rounded(y), ...texts.values()]);
    groups.set(name, group);
  }
  for (const { places } of groups.values()) places.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return [...groups.values()];
}
