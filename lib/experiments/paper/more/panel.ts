import type { Spec } from "../../../report/chart.js";
import { endLabels } from "../../../report/labels.js";
import { type Layout, logAxis } from "../../../report/theme.js";

/** A value with its interval, at a place on the axis. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Curve {
  readonly label: string;
  /** What stands at its right end, where it gets there; default: the label; "": nothing. */
  readonly short?: string;
  readonly color: string;
  readonly shape: string;
  /** Measured. */
  readonly points?: readonly Point[];
  /** A line beside them; default: through the points. */
  readonly line?: readonly Point[];
  readonly dash?: readonly number[];
  /** Shift of the points and bars to the right, in pixels, where those of several curves would hide each other. */
  readonly dx?: number;
}

export interface Axis {
  readonly title: string;
  readonly domain: readonly [number, number];
  readonly log?: boolean;
  readonly values?: readonly number[];
}

const axisOf = ({ title, domain, log, values }: Axis) => ({
  type: "quantitative",
  scale: { type: log ? "log" : "linear", domain },
  // Without a precision in the format Vega rounds 0.25 to 0.3.
  axis: values ? { title, values, format: ".6~g" } : log ? logAxis(title, domain) : { title, tickCount: 5 },
});

const size = (layout: Layout) => (layout === "wide" ? { width: 260, height: 230 } : { width: 230, height: 220 });

/** A panel of curves with points and bars, each named at its right end; `bars` says what the bars are. */
export function linePanel(title: string, axes: { x: Axis; y: Axis }, curves: readonly Curve[], bars: string, layout: Layout): Spec {
  const domain = curves.map(({ label }) => label);
  const x = { field: "x", ...axisOf(axes.x) };
  const y = { field: "y", ...axisOf(axes.y) };
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain, range: curves.map((curve) => curve.color) },
    // A line without points has only its name at its end.
    legend: {
      orient: "top",
      title: bars,
      columns: layout === "wide" ? 3 : 2,
      offset: 24,
      values: curves.filter(({ points }) => points?.length).map(({ label }) => label),
    },
  };
  const [least, most] = axes.y.domain;
  const visible = ({ x, y }: Point) => Number.isFinite(x) && Number.isFinite(y) && (!axes.y.log || y > 0);
  const pointsAt = (shift: number) =>
    curves
      .filter(({ dx = 0 }) => dx === shift)
      .flatMap(({ label, points = [] }) =>
        points
          .filter(visible)
          .map(({ x, y, low = y, high = y }) => ({ label, low: Math.max(low, least), high: Math.min(high, most), ...{ x, y } })),
      );
  const lines = curves.flatMap(({ label, line, points = [] }) => (line ?? points).filter(visible).map(({ x, y }) => ({ label, x, y })));
  const [left, right] = axes.x.domain;
  const along = (value: number) => (axes.x.log ? Math.log(value / left) / Math.log(right / left) : (value - left) / (right - left));
  const ends = curves.flatMap(({ label, short, color }) => {
    const last = lines.findLast((point) => point.label === label && point.y >= least && point.y <= most);
    return last && short !== "" && along(last.x) > 0.85 ? [{ label: short ?? label, color, y: last.y }] : [];
  });
  // Dashes are the marks' own: encoded, they would also be drawn around the symbols of the legend.
  const dashes = new Map<string, string[]>();
  for (const { label, dash } of curves) {
    const key = JSON.stringify(dash ?? [1, 0]);
    dashes.set(key, [...(dashes.get(key) ?? []), label]);
  }
  const { width, height } = size(layout);
  return {
    title,
    width,
    height,
    layer: [
      ...[...dashes].map(([dash, labels]) => ({
        data: { values: lines.filter(({ label }) => labels.includes(label)) },
        mark: { type: "line", clip: true, strokeDash: JSON.parse(dash) },
        encoding: { x, y, color },
      })),
      ...[...new Set(curves.map(({ dx = 0 }) => dx))].flatMap((shift) => [
        {
          data: { values: pointsAt(shift) },
          mark: { type: "rule", strokeWidth: 1.5, clip: true, xOffset: shift },
          encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
        },
        {
          data: { values: pointsAt(shift) },
          mark: { type: "point", filled: true, size: 55, opacity: 1, clip: true, xOffset: shift },
          encoding: {
            x,
            y,
            color,
            shape: { field: "label", type: "nominal", scale: { domain, range: curves.map(({ shape }) => shape) } },
          },
        },
      ]),
      endLabels(ends, x, right, y, { domain: axes.y.domain, log: axes.y.log ?? false, height }),
    ],
  };
}
