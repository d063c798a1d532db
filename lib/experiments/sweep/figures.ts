import { logAxis, logDomain, palette, type Spec } from "../../report/index.js";
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

function color(names: readonly string[], title: string | null) {
  return {
    field: "name",
    type: "nominal",
    title,
    legend: { symbolOpacity: 1 },
    scale: { domain: names, range: Object.values(palette).slice(0, names.length) },
  };
}

const best = (groups: readonly Group[], mode: "min" | "max") => {
  const means = groups
    .filter(({ scores, without }) => scores.length > 0 && !without)
    .map((group) => ({ group, value: mean(group.scores) }));
  return means.sort((a, b) => (mode === "min" ? a.value - b.value : b.value - a.value))[0];
};

const titled = (text: string) => text.slice(0, 80);

/**
 * The metric against a numeric key (`lr` where it varies): a line for each value of the colour key, the best over all other
 * keys, the mean over seeds with its smallest and largest value.
 */
export function sensitivity(summary: Summary): { key: string; spec: Spec } | undefined {
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
      width: 420,
      height: 280,
      encoding: { x, color: color(names, by ?? null) },
      layer: [
        { mark: { type: "rule", opacity: 0.4 }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" } } },
        { mark: { type: "line", point: true }, encoding: { y } },
      ],
    },
  };
}

/** The metric over two numeric keys, the best over all others, for each value of the colour key. */
export function heatMap(summary: Summary): { keys: readonly [string, string]; spec: Spec } | undefined {
  const [first, second] = numericKeys(summary);
  if (first === undefined || second === undefined) return undefined;
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
        return found ? [{ a: shown(a), b: shown(b), value: found.value }] : [];
      }),
    ),
  }));
  const all = panels.flatMap(({ values }) => values.map(({ value }) => value));
  if (all.length === 0) return undefined;
  const scale = logarithmic(all) ? { type: "log" } : {};
  const sorted = (key: string) => summary.varying.get(key)!.map(shown);
  return {
    keys: [first, second],
    spec: {
      concat: panels.map(({ name, values }) => ({
        title: titled(by ? `${by} = ${name}` : name),
        data: { values },
        width: 240,
        height: 200,
        mark: "rect",
        encoding: {
          x: { field: "a", type: "ordinal", title: first, sort: sorted(first), axis: { labelAngle: -45, labelOverlap: true } },
          y: { field: "b", type: "ordinal", title: second, sort: sorted(second).reverse(), axis: { labelOverlap: true } },
          color: {
            field: "value",
            type: "quantitative",
            title: titled(summary.metric),
            scale: { ...scale, scheme: "viridis", reverse: summary.mode === "min", domain: [Math.min(...all), Math.max(...all)] },
          },
        },
      })),
      columns: 2,
    },
  };
}

/**
 * A series against its first column, for the best group of each value of the colour key: the mean over its seeds, with the
 * smallest and largest.
 * @param seriesOf the series of a trial.
 */
export function curves(summary: Summary, seriesOf: (id: string) => Series, column?: string): { column: string; spec: Spec } | undefined {
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
  return {
    column: chosen,
    spec: {
      data: { values },
      width: 420,
      height: 280,
      encoding: { x: { field: "x", type: "quantitative", title: titled(abscissa) }, color: color(names, by ?? null) },
      layer: [
        { mark: { type: "area", opacity: 0.15 }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" } } },
        { mark: "line", encoding: { y } },
      ],
    },
  };
}
