import type { Spec } from "../../../report/chart.js";
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
  readonly color: string;
  readonly shape: string;
  /** Measured. */
  readonly points?: readonly Point[];
  /** A line beside them; default: through the points. */
  readonly line?: readonly Point[];
  readonly dash?: readonly number[];
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
  axis: values ? { title, values } : log ? logAxis(title, domain) : { title },
});

/** A panel of curves with points and bars; `bars` says what the bars are. */
export function linePanel(title: string, axes: { x: Axis; y: Axis }, curves: readonly Curve[], bars: string, layout: Layout): Spec {
  const domain = curves.map(({ label }) => label);
  const x = { field: "x", ...axisOf(axes.x) };
  const y = { field: "y", ...axisOf(axes.y) };
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain, range: curves.map((curve) => curve.color) },
    legend: { orient: "top", title: bars, columns: layout === "wide" ? 3 : 2, offset: 24 },
  };
  const visible = ({ x, y }: Point) => Number.isFinite(x) && Number.isFinite(y) && (!axes.y.log || y > 0);
  const least = axes.y.domain[0];
  const points = curves.flatMap(({ label, points = [] }) =>
    points
      .filter(visible)
      .map((point) => ({ label, low: Math.max(point.low ?? point.y, least), high: point.high ?? point.y, ...{ x: point.x, y: point.y } })),
  );
  const lines = curves.flatMap(({ label, line, points = [] }) => (line ?? points).filter(visible).map(({ x, y }) => ({ label, x, y })));
  return {
    title,
    width: layout === "wide" ? 260 : 300,
    height: layout === "wide" ? 230 : 220,
    layer: [
      {
        data: { values: lines },
        mark: { type: "line", clip: true },
        encoding: {
          x,
          y,
          color,
          strokeDash: { field: "label", type: "nominal", scale: { domain, range: curves.map(({ dash }) => dash ?? [1, 0]) } },
        },
      },
      {
        data: { values: points },
        mark: { type: "rule", strokeWidth: 1.5, clip: true },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 55, opacity: 1, clip: true },
        encoding: {
          x,
          y,
          color,
          shape: { field: "label", type: "nominal", scale: { domain, range: curves.map(({ shape }) => shape) } },
        },
      },
    ],
  };
}
