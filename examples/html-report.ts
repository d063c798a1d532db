// Figures and a page without a browser: `npx tsx examples/html-report.ts [file.html]`.
import { writeFileSync } from "node:fs";
import { createOptimizer, Matrix, Stream } from "layerwise";
import { toSvg } from "layerwise/report";

// f(W) = ½ tr(A W B Wᵀ), ill-conditioned on both sides: what each method does in 60 steps.
const [a, b] = [1, 100].map((condition) => Array.from({ length: 6 }, (_, i) => condition ** (-i / 5))) as [number[], number[]];
const values: { method: string; step: number; loss: number }[] = [];
for (const [method, lr] of [
  ["sgd", 0.9],
  ["adam", 0.05],
  ["soap", 0.05],
  ["muon", 0.03],
] as const) {
  const w = { name: "w", value: new Stream(1, "w").normal(Matrix.zeros(6, 6)), gradient: Matrix.zeros(6, 6) };
  const optimizer = createOptimizer(method, [w], { lr, schedule: { kind: "linear", steps: 60, final: 0.01 } });
  for (let step = 0; step <= 60; step++) {
    let loss = 0;
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) {
        loss += 0.5 * a[i]! * b[j]! * w.value.get(i, j) ** 2;
        w.gradient.set(i, j, a[i]! * b[j]! * w.value.get(i, j));
      }
    }
    values.push({ method, step, loss });
    optimizer.step();
  }
}

const svg = await toSvg({
  width: 480,
  height: 280,
  data: { values },
  mark: "line",
  encoding: {
    x: { field: "step", type: "quantitative" },
    y: { field: "loss", type: "quantitative", scale: { type: "log" } },
    color: { field: "method", type: "nominal", sort: null },
  },
});
const file = process.argv[2] ?? "report.html";
writeFileSync(file, `<!doctype html><meta charset="utf-8"><title>A quadratic</title><h1>A quadratic</h1>${svg}\n`);
console.log(file, svg.length, "characters of SVG");
