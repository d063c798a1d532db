import { describe, expect, it } from "vitest";
import { drawChart } from "../../lib/report/index.js";

const quantitative = (field: string, more = {}) => ({ field, type: "quantitative", ...more });

describe("the values of a chart", () => {
  it("are its points in the units of the SVG, under the names of the axes, with their bars", async () => {
    const values = [
      { x: 0, y: 1, low: 0.5, high: 1.5, name: "a" },
      { x: 5, y: 1.23456789, low: 1, high: 2, name: "a" },
      { x: 10, y: 9.87e-9, low: 0, high: 1, name: "a" },
    ];
    const x = quantitative("x", { scale: { domain: [0, 10] }, axis: { title: "step" } });
    const y = (field: string) => quantitative(field, { scale: { domain: [0, 2] }, axis: { title: "loss" } });
    const color = { field: "name", type: "nominal", title: "method" };
    const chart = await drawChart({
      width: 200,
      height: 100,
      data: { values },
      layer: [
        { mark: "rule", encoding: { x, y: y("low"), y2: { field: "high" }, color } },
        { mark: "line", encoding: { x, y: y("y"), color } },
        { mark: "point", encoding: { x, y: y("y"), color } },
      ],
    });
    expect(chart.values).toHaveLength(1);
    const [{ keys, places }] = chart.values as [(typeof chart.values)[number]];
    const read = places.map(([, , ...texts]) => Object.fromEntries(texts.map((text, i) => [keys[i], text])));
    expect(read).toEqual([
      { step: "0", loss: "1", low: "0.5", high: "1.5", method: "a" },
      { step: "5", loss: "1.235", low: "1", high: "2", method: "a" },
      { step: "10", loss: "9.87e-9", low: "0", high: "1", method: "a" },
    ]);
    const [, left, top] = /<g fill="none" stroke-miterlimit="4" transform="translate\((\d+),(\d+)\)">/.exec(chart.svg)!;
    expect(places.map(([px]) => px - Number(left))).toEqual([0, 100, 200]);
    expect(places[0]![1] - Number(top)).toBe(50);
  });

  it("are apart where two marks disagree at the same place, and leave out what is clipped away", async () => {
    const chart = await drawChart({
      width: 100,
      height: 100,
      data: {
        values: [
          { x: 1, y: 1 },
          { x: 1, y: 2 },
          { x: 9, y: 1 },
        ],
      },
      mark: { type: "point", clip: true },
      encoding: { x: quantitative("x", { scale: { domain: [0, 5] } }), y: quantitative("y", { scale: { domain: [0, 5] } }) },
    });
    expect(chart.values.flatMap(({ places }) => places.map(([, , ...texts]) => texts))).toEqual([
      ["1", "2"],
      ["1", "1"],
    ]);
  });

  it("are those of every cell of a map, missing ones too, and of every panel where it stands", async () => {
    const cells = (k: number) => ({
      data: {
        values: [
          { a: "p", b: "u", value: k },
          { a: "q", b: "u", value: null },
        ],
      },
      width: 40,
      height: 20,
      mark: { type: "rect", invalid: null },
      encoding: {
        x: { field: "a", type: "nominal" },
        y: { field: "b", type: "nominal" },
        color: quantitative("value", { legend: { title: "steps" } }),
      },
    });
    const chart = await drawChart({ concat: [cells(3), cells(4)], columns: 1 });
    const read = chart.values.flatMap(({ keys, places }) => places.map(([, y, ...texts]) => [y, texts[keys.indexOf("steps")]!] as const));
    expect(read.map(([, steps]) => steps)).toEqual(["3", "—", "4", "—"]);
    expect(read[2]![0]).toBeGreaterThan(read[0]![0] + 20);
  });
});
