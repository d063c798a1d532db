/** How a method is drawn everywhere: colours after Okabe and Ito, told apart without colour vision by dash and shape too. */
export interface Style {
  readonly color: string;
  readonly dash: readonly number[];
  readonly shape: string;
}

/** Wong, "Points of view: Color blindness", Nature Methods 8, 441 (2011); yellow left out, it is too pale for lines. */
export const palette = {
  blue: "#0072B2",
  vermillion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  sky: "#56B4E9",
  orange: "#E69F00",
  black: "#222222",
  grey: "#777777",
} as const;

const inks: Readonly<Record<string, string>> = {
  [palette.vermillion]: "#B34E00",
  [palette.green]: "#00745A",
  [palette.purple]: "#A84B7F",
  [palette.sky]: "#1C79AE",
  [palette.orange]: "#8F6300",
  [palette.grey]: "#666666",
};

/** A colour of the palette as text: dark enough to be read on white (contrast of at least 4.5). */
export const ink = (color: string): string => inks[color] ?? color;

export const font = "system-ui, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

/** Vega-Lite configuration shared by all figures. */
export const config = {
  background: "white",
  font,
  view: { stroke: "#bbb" },
  axis: {
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 500,
    labelColor: "#333",
    titleColor: "#111",
    gridColor: "#e8e8e8",
    domainColor: "#888",
    tickColor: "#888",
    // The first and last label stand under their ticks like all others.
    labelFlush: false,
  },
  legend: { labelFontSize: 12, titleFontSize: 12, symbolStrokeWidth: 2.5, symbolSize: 140, labelLimit: 320, titleLimit: 600 },
  title: { fontSize: 12.5, fontWeight: 600, anchor: "start", frame: "group", color: "#111", offset: 8 },
  line: { strokeWidth: 2 },
} as const;

/** Where the figure will be read: panels side by side, or below each other on a narrow screen. */
export type Layout = "wide" | "narrow";

/**
 * An axis on a logarithmic scale with a labelled tick at every power of ten (every second one, … when there are many) in
 * superscripts, as 10⁻³, but plain numbers from 0.01 to 1000.
 */
export function logAxis(title: string, [low, high]: readonly [number, number], maximum = 7) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / maximum));
  const values: number[] = [];
  for (let power = first; power <= last; power++) if (power % every === 0) values.push(Number(`1e${power}`));
  // Few decades hold few powers: label 1, 2, 5 as well.
  if (values.length < 3) {
    values.length = 0;
    for (let power = first - 1; power <= last; power++) {
      for (const digit of [1, 2, 5]) {
        const value = Number(`${digit}e${power}`);
        if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push(value);
      }
    }
  }
  const power = "round(log(datum.value)/LN10)";
  const exact = `abs(log(datum.value)/LN10 - ${power}) < 0.01`;
  const digit = (index: string) => `'⁰¹²³⁴⁵⁶⁷⁸⁹'[${index}]`;
  const exponent = `(${power} < 0 ? '⁻' : '') + (abs(${power}) >= 10 ? ${digit(`floor(abs(${power}) / 10)`)} : '') + ${digit(`abs(${power}) % 10`)}`;
  const plain = "format(datum.value, '~g')";
  const labelExpr = `datum.value >= 0.01 && datum.value <= 1000 || !(${exact}) ? ${plain} : '10' + ${exponent}`;
  // Vega guesses text widths without a canvas and would drop labels that fit.
  return { title, values, labelExpr, labelOverlap: false };
}

/** The smallest and largest finite positive values, widened to half decades: the domain of a logarithmic scale. */
export function logDomain(values: readonly (number | null | undefined)[], floor = 0): [number, number] {
  const usable = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value) && value > floor);
  if (usable.length === 0) return [0.1, 10];
  const low = Math.floor(2 * Math.log10(Math.min(...usable)) + 1e-9) / 2;
  const high = Math.ceil(2 * Math.log10(Math.max(...usable)) - 1e-9) / 2;
  return [10 ** low, 10 ** Math.max(high, low + 0.5)];
}

/**
 * Panels in rows, aligned by their axes whatever their titles and labels measure; `room` for labels to the right of each panel, `row`
 * between rows, in pixels.
 */
export function panelGrid<Spec>(panels: readonly Spec[], columns: number, { room = 0, row = 78 } = {}) {
  return { concat: panels, columns, bounds: "flush", align: "all", spacing: { row, column: room ? 62 + room : 78 } };
}
