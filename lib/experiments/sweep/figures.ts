import { endLabels, type Layout, logAxis, logDomain, palette, type Spec } from "../../report/index.js";
import type { Series } from "../trial.js";
import { type Group, mean, ranked, type Summary } from "./summary.js";

const MAX_COLORS = 8;
const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The key that tells lines apart: the first that is not a number, of few values. */
export function colorKey({ varying }: Summary): string | undefined {
  return [...varying].find(([, values]) => values.length <= MAX_COLORS && values.some((value) => typeof value !== "number"))?.[0];
}

const numericKeys = ({ varying }: Summary) =>
  [...varying].filter(([, values]) => values.every((value) => typeof value === "number")).map(([key]) => key);

/** Whether values want a logarithmic axis: positive, over more than a decade and a half. */
function logarithmic(values: readonly number[]): boolean {
  const finite = values.filter(Number.isFinite);
  return finite.length > 1 && finite.every((value) => value > 0) && Math.max(...finite) / Math.min(...finite) > 30;
}

function axis(field: string, title: string, values: readonly number[]) {
  if (!logarithmic(values)) return { field, type: "quantitative", title, scale: { zero: false } };
  const domain = logDomain(values);
  return { field, type: "quantitative", scale: { type: "log", domain }, axis: logAxis(title, domain) };
}

/** Width and height of a figure of one panel. */
const size = (layout: Layout) => (layout === "wide" ? { width: 480, height: 300 } : { width: 220, height: 240 });

function color(names: readonly string[], title: string | null, layout: Layout) {
  return {
    field: "name",
    type: "nominal",
    title,
    legend: { symbolOpacity: 1, orient: "top", columns: layout === "wide" ? 4 : 2, labelLimit: layout === "wide" ? 200 : 120 },
    scale: { domain: names, range: Object.values(palette).slice(0, names.length) },
  };
}

const best = (groups: readonly Group[], mode: "min" | "max") => {
  const means = groups
    .filter(({ scores, without }) => scores.length > 0 && !without)
    .map((group) => ({ group, value: mean(group.scores) }));
  return means.sort((a, b) => (mode === "min" ? a.value - b.value : b.value - a.value))[0];
};

/** Names of lines at their right ends; a line that ends before is left to the legend. */
function ends(
  values: readonly { x: unknown; y: number; name: string }[],
  names: readonly string[],
  { x, y }: { x: Spec; y: Spec },
  height: number,
): Spec[] {
  const xs = values.map((value) => value.x as number);
  const ys = values.map((value) => value.y);
  const right = Math.max(...xs);
  const labels = names.flatMap((name, i) => {
    const last = values.find((value) => value.name === name && value.x === right);
    return last ? [{ label: name.slice(0, 24), color: Object.values(palette)[i]!, y: last.y }] : [];
  });
  if (names.length < 2 || labels.length === 0) return [];
  const log = y.scale?.type === "log";
  const domain = (y.scale?.domain ?? [Math.min(...ys), Math.max(...ys)]) as [number, number];
  if (!(domain[0] < domain[1])) return [];
  return [endLabels(labels, x, x.scale?.domain?.[1] ?? right, y, { domain, log, height })];
}

/** Numbers in few digits, as long as that tells them apart. */
function briefly(values: readonly unknown[]): (value: unknown) => string {
  const brief = (value: unknown) => (typeof value === "number" ? String(Number(value.toPrecision(3))) : shown(value));
  return new Set(values.map(brief)).size === values.length ? brief : shown;
}

const titled = (text: string) => text.slice(0, 80);

/**
 * The metric against a numeric key (`lr` where it varies): a line for each value of the colour key, the best over all other
 * keys, the mean over seeds with its smallest and largest value.
 */
export function sensitivity(summary: Summary, layout: Layout): { key: string; spec: Spec } | undefined {
  const keys = numericKeys(summary);
  const key = keys.find((name) => name === "lr") ?? keys.find((name) => summary.varying.get(name)!.length > 2);
  if (key === undefined) return undefined;
  const by = colorKey(summary);
  const names = by ? summary.varying.get(by)!.map(shown) : [summary.metric];
  const values = names.flatMap((name) =>
    summary.varying.get(key)!.flatMap((x) => {
      const found = best(
        summary.groups.filter((group) => group.values[key] === x && (!by || shown(group.values[by]) === name)),
        summary.mode,
      );
      return found ? [{ x, y: found.value, low: found.group.scores[0]!, high: found.group.scores.at(-1)!, name }] : [];
    }),
  );
  if (values.length === 0) return undefined;
  const x = axis(
    "x",
    key,
    values.map((value) => value.x as number),
  );
  const all = values.flatMap(({ low, high, y }) => [low, high, y]);
  const y = axis("y", titled(summary.metric), all);
  return {
    key,
    spec: {
      data: { values },
      ...size(layout),
      encoding: { x, color: color(names, by ?? null, layout) },
      layer: [
        { mark: { type: "rule", opacity: 0.4 }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" } } },
        { mark: { type: "line", point: true }, encoding: { y } },
        ...ends(values, names, { x, y }, size(layout).height),
      ],
    },
  };
}

/** The metric over two numeric keys, the best over all others, for each value of the colour key. */
export function heatMap(summary: Summary, layout: Layout): { keys: readonly [string, string]; spec: Spec } | undefined {
  const [first, second] = numericKeys(summary);
  if (first === undefined || second === undefined) return undefined;
  const text = [briefly(summary.varying.get(first)!), briefly(summary.varying.get(second)!)] as const;
  const by = colorKey(summary);
  const names = by ? summary.varying.get(by)!.map(shown) : [summary.metric];
  const panels = names.map((name) => ({
    name,
    values: summary.varying.get(first)!.flatMap((a) =>
      summary.varying.get(second)!.flatMap((b) => {
        const found = best(
          summary.groups.filter(({ values }) => values[first] === a && values[second] === b && (!by || shown(values[by]) === name)),
          summary.mode,
        );
        return found ? [{ a: text[0](a), b: text[1](b), value: found.value }] : [];
      }),
    ),
  }));
  const all = panels.flatMap(({ values }) => values.map(({ value }) => value));
  if (all.length === 0) return undefined;
  const scale = logarithmic(all) ? { type: "log" } : {};

  return {
    keys: [first, second],
    spec: {
      concat: panels.map(({ name, values }) => ({
        title: titled(by ? `${by} = ${name}` : name),
        data: { values },
        width: layout === "wide" ? 260 : 230,
        height: 200,
        mark: "rect",
        encoding: {
          x: {
            field: "a",
            type: "ordinal",
            title: first,
            sort: summary.varying.get(first)!.map(text[0]),
            axis: { labelAngle: summary.varying.get(first)!.length > 6 ? -45 : 0, labelOverlap: true },
          },
          y: {
            field: "b",
            type: "ordinal",
            title: second,
            sort: summary.varying.get(second)!.map(text[1]).reverse(),
            axis: { labelOverlap: true },
          },
          color: {
            field: "value",
            type: "quantitative",
            title: titled(summary.metric),
            scale: { ...scale, scheme: "viridis", reverse: summary.mode === "min", domain: [Math.min(...all), Math.max(...all)] },
          },
        },
      })),
      columns: layout === "wide" ? 2 : 1,
    },
  };
}

/**
 * A series against its first column, for the best group of each value of the colour key: the mean over its seeds, with the
 * smallest and largest.
 * @param seriesOf the series of a trial.
 */
export function curves(
  summary: Summary,
  seriesOf: (id: string) => Series,
  column: string | undefined,
  layout: Layout,
): { column: string; spec: Spec } | undefined {
  const by = colorKey(summary);
  const names = by ? summary.varying.get(by)!.map(shown) : ["best"];
  const values: { x: number; y: number; low: number; high: number; name: string }[] = [];
  let chosen = column;
  let abscissa = "step";
  for (const name of names) {
    const group = ranked(summary).find((candidate) => (!by || shown(candidate.values[by]) === name) && candidate.scores.length > 0);
    if (!group) continue;
    const all = group.ids.slice(0, 50).map(seriesOf);
    const columns = Object.keys(all[0] ?? {});
    abscissa = columns[0] ?? abscissa;
    chosen ??= columns[1];
    if (chosen === undefined) continue;
    const length = Math.max(0, ...all.map((series) => series[abscissa]?.length ?? 0));
    const stride = Math.max(1, Math.ceil(length / 300));
    for (let i = 0; i < length; i += stride) {
      const x = all.map((series) => series[abscissa]?.[i]).find((value) => typeof value === "number");
      const ys = all.map((series) => series[chosen!]?.[i]).filter((value): value is number => typeof value === "number");
      if (typeof x === "number" && ys.length) values.push({ x, y: mean(ys), low: Math.min(...ys), high: Math.max(...ys), name });
    }
  }
  if (chosen === undefined || values.length === 0) return undefined;
  const y = axis(
    "y",
    titled(chosen),
    values.flatMap(({ low, high }) => [low, high]),
  );
  const x = { field: "x", type: "quantitative", title: titled(abscissa) };
  return {
    column: chosen,
    spec: {
      data: { values },
      ...size(layout),
      encoding: { x, color: color(names, by ?? null, layout) },
      layer: [
        { mark: { type: "area", opacity: 0.15 }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" } } },
        { mark: "line", encoding: { y } },
        ...ends(values, names, { x, y }, size(layout).height),
      ],
    },
  };
}
