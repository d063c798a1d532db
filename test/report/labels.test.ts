import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawChart, endLabels, labelRoom, palette } from "../../lib/report/index.js";
import { spread } from "../../lib/report/labels.js";
import { ink } from "../../lib/report/theme.js";

describe("spread", () => {
  const wishes = fc.array(fc.double({ min: -50, max: 250, noNaN: true }), { minLength: 1, maxLength: 10 });

  it("leaves places alone that have room, and keeps order, gaps and ends", () => {
    expect(spread([100, 20, 60], 12, 200)).toEqual([100, 20, 60]);
    fc.assert(
      fc.property(wishes, (wanted) => {
        const places = spread(wanted, 12, 200);
        const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
        const sorted = order.map((i) => places[i]!);
        for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(12 - 1e-9);
        expect(sorted[0]!).toBeGreaterThanOrEqual(-1e-9);
        expect(sorted.at(-1)!).toBeLessThanOrEqual(200 + 1e-9);
      }),
    );
  });

  it("moves as little as possible: no allowed arrangement is nearer in the sum of squares", () => {
    const distance = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
    fc.assert(
      fc.property(wishes, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 10, maxLength: 10 }), (wanted, draws) => {
        const places = spread(wanted, 12, 200);
        const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
        // Any arrangement in the same order: sorted offsets in what is left of the length, plus the gaps.
        const free = draws.slice(0, wanted.length).sort((a, b) => a - b);
        const other: number[] = [];
        order.forEach((i, rank) => {
          other[i] = free[rank]! * (200 - 12 * (wanted.length - 1)) + 12 * rank;
        });
        expect(distance(places, wanted)).toBeLessThanOrEqual(distance(other, wanted) + 1e-6);
      }),
    );
  });
});

describe("endLabels", () => {
  it("names curves at their ends, inside a figure that leaves room for them, and is no value to read", async () => {
    const x = { type: "quantitative", scale: { domain: [0, 10] } };
    const y = { type: "quantitative", scale: { type: "log", domain: [1, 100] } };
    const labels = [
      { label: "upper curve", color: palette.orange, y: 11 },
      { label: "lower curve", color: palette.blue, y: 10 },
    ];
    const spec = { width: 200, height: 100, layer: [endLabels(labels, x, 10, y, { domain: [1, 100], log: true, height: 100 })] };
    const { svg, values } = await drawChart(spec);
    expect(values).toEqual([]);
    const heights = ["upper curve", "lower curve"].map((name) => {
      const [, left, top] = new RegExp(`translate\\((\\d+),([\\d.]+)\\)"[^>]*>${name}<`).exec(svg)!;
      expect(Number(left)).toBe(205);
      return Number(top);
    });
    expect(heights[1]! - heights[0]!).toBeCloseTo(12, 6);
    const width = Number(/width="([\d.]+)"/.exec(svg)![1]);
    expect(width).toBeGreaterThan(205 + labelRoom(["lower curve"]));
    expect(svg).toContain(ink(palette.orange));
  });

  it("is legible: every colour of the palette as text has a contrast of at least 4.5 with white", () => {
    const linear = (hex: string) => {
      const value = Number.parseInt(hex, 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    for (const color of Object.values(palette)) {
      const [r, g, b] = ink(color).slice(1).match(/../g)!.map(linear) as [number, number, number];
      expect(1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05), color).toBeGreaterThanOrEqual(4.5);
    }
  });
});
