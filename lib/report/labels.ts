import type { Spec } from "./chart.js";
import { textWidth } from "./font.js";
import { ink } from "./theme.js";

const fontSize = 10.5;

/** Pixels that the labels take to the right of their panel. */
export const labelRoom = (labels: readonly string[]) => Math.ceil(6 + fontSize * Math.max(0, ...labels.map((label) => textWidth(label))));

/**
 * Places on a line, as near to the wanted ones as they can be in [0, length] with a gap between each two: least squares, by
 * pooling neighbours that come too close (isotonic regression of what is wanted less the gaps).
 */
export function spread(wanted: readonly number[], gap: number, length: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  const pools: { sum: number; count: number }[] = [];
  order.forEach((i, rank) => {
    pools.push({ sum: wanted[i]! - rank * gap, count: 1 });
    for (let last = pools.at(-1)!, before = pools.at(-2); before && before.sum / before.count > last.sum / last.count; ) {
      pools.pop();
      before.sum += last.sum;
      before.count += last.count;
      last = before;
      before = pools.at(-2);
    }
  });
  const highest = Math.max(0, length - (wanted.length - 1) * gap);
  const free = pools.flatMap(({ sum, count }) => Array<number>(count).fill(Math.min(Math.max(sum / count, 0), highest)));
  const places: number[] = [];
  order.forEach((i, rank) => {
    places[i] = free[rank]! + rank * gap;
  });
  return places;
}

/** A curve's name, its colour, and its last value: where the label wants to stand. */
export interface EndLabel {
  readonly label: string;
  readonly color: string;
  readonly y: number;
}

/** The vertical axis of a panel: its domain, how it is scaled, and its height in pixels. */
export interface LabelAxis {
  readonly domain: readonly [number, number];
  readonly log: boolean;
  readonly height: number;
}

/**
 * A layer that names curves at the right edge of their panel, in their colour and clear of each other.
 * @param x, @param y the panel's encodings, @param right the end of the horizontal domain.
 */
export function endLabels(labels: readonly EndLabel[], x: Spec, right: number, y: Spec, { domain, log, height }: LabelAxis): Spec {
  const scale = log ? Math.log10 : (value: number) => value;
  const [low, high] = domain.map(scale) as [number, number];
  const pixels = labels.map(({ y }) => (height * (high - Math.min(Math.max(scale(y), low), high))) / (high - low));
  // A layer for each: a colour from a field would ask for a legend.
  const layer = spread(pixels, fontSize + 1.5, height).map((pixel, i) => {
    const value = high - (pixel / height) * (high - low);
    const { label, color } = labels[i]!;
    return {
      data: { values: [{ right, at: log ? 10 ** value : value, text: label }] },
      mark: { type: "text", align: "left", baseline: "middle", dx: 5, fontSize, fontWeight: 500 },
      encoding: { x: { ...x, field: "right" }, y: { ...y, field: "at" }, text: { field: "text" }, color: { value: ink(color) } },
    };
  });
  return { layer };
}
