// Which optimizer pays, in steps and in seconds, on small real networks. The rule, the same for every method:
//   1. learning rate from seven rates, half a decade apart around the method's own default, each run once with seed 0 for the full
//      number of steps; the one with the least final training loss is kept (a rate at the end of the grid is marked *);
//   2. three further seeds at that rate; medians are reported;
//   3. the target is the training loss that tuned Adam has reached at the end, in the median; "steps" and "seconds" are what a method
//      needs until the mean of ten batches' losses is there.
// Seconds are processor seconds of one thread, which other load on the machine disturbs least. Other options are the defaults, with
// roots and bases refreshed every ten steps for all Kronecker methods.
//
//   npx tsx bench/optimizers.ts [--problems regression,mlp,…] [--methods kfac,…] [--steps N] [--seeds 3] [--out docs/optimizers]
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chunked, experimentById, LocalExecutor, makeTrial, type OkRecord } from "../lib/experiments/index.js";
import { findMethod, methodIds, methodShape } from "../lib/optim/index.js";
import { toSvg } from "../lib/report/index.js";
import { median } from "./harness.js";
import { machineLine } from "./machine.js";

const { values: flags } = parseArgs({
  options: {
    problems: { type: "string", default: "regression,mlp,convnet,autoencoder-small" },
    methods: { type: "string" },
    steps: { type: "string" },
    seeds: { type: "string", default: "3" },
    out: { type: "string", default: "docs/optimizers" },
  },
});

/** Steps for each problem, and the methods when `--methods` is not given: all of them, or fewer where a step is expensive. */
const few = ["sgd", "adam", "kfac", "ekfac", "foof", "shampoo", "soap", "muon", "newton-muon"];
const plan: Record<string, { steps: number; methods: string[] }> = {
  regression: { steps: 300, methods: methodIds() },
  mlp: { steps: 120, methods: methodIds().filter((id) => id !== "gauss-newton") },
  convnet: { steps: 80, methods: few },
  "autoencoder-small": { steps: 150, methods: methodIds().filter((id) => id !== "gauss-newton") },
  autoencoder: { steps: 60, methods: ["sgd", "adam", "kfac", "foof", "shampoo", "soap", "muon"] },
};

const train = experimentById("train");
const seeds = Number(flags.seeds);
const multipliers = [-3, -2, -1, 0, 1, 2, 3].map((k) => 10 ** (k / 2));
const rates = multipliers.length;

function defaultRate(id: string): number {
  const lr = methodShape(findMethod(id)).lr as unknown as { parse(x: undefined): number };
  return lr.parse(undefined);
}

function configuration(model: string, optimizer: string, lr: number, steps: number, seed: number) {
  const shape = methodShape(findMethod(optimizer));
  // L-BFGS is a full-batch method: it gets the largest batch that the data allow.
  const batch = optimizer === "lbfgs" ? { batch: model === "regression" ? 2048 : 2000 } : {};
  const options = "every" in shape && optimizer !== "gauss-newton" ? { options: '{"every":10}' } : {};
  return {
    model,
    optimizer,
    lr,
    steps,
    seed,
    evaluateEvery: 0,
    precision: model === "autoencoder" ? "float32" : "float64",
    ...batch,
    ...options,
  };
}

/** Trailing mean of ten batches' losses. */
function smoothed(record: OkRecord): number[] {
  const losses = record.series.trainLoss as number[];
  return losses.map((_, t) => {
    const recent = losses.slice(Math.max(0, t - 9), t + 1);
    return recent.reduce((sum, x) => sum + x, 0) / recent.length;
  });
}

async function run(executor: LocalExecutor, configs: ReturnType<typeof configuration>[]): Promise<(OkRecord | undefined)[]> {
  const trials = configs.map((config) => makeTrial(train, config));
  const records = new Map<string, OkRecord>();
  for await (const record of executor.execute(chunked(trials, 1))) {
    if (record.status === "ok") records.set(record.id, record);
    else console.error(`${record.config.optimizer} at ${record.config.lr}: ${record.error}`);
    process.stderr.write(`\r${records.size}/${trials.length}   `);
  }
  process.stderr.write("\r");
  return trials.map(({ id }) => records.get(id));
}

const executor = new LocalExecutor();
const sections: string[] = [];
mkdirSync(flags.out!, { recursive: true });
for (const problem of flags.problems!.split(",")) {
  const { steps: planned, methods: all } = plan[problem]!;
  const steps = flags.steps ? Number(flags.steps) : planned;
  const methods = flags.methods?.split(",") ?? all;
  const grid = methods.flatMap((id) =>
    multipliers.map((m) => configuration(problem, id, Number((defaultRate(id) * m).toPrecision(3)), steps, 0)),
  );
  const tuned = await run(executor, grid);
  const best = methods.map((id, k) => {
    const loss = (j: number) => (tuned[k * rates + j]?.metrics.finalTrainLoss as number | null | undefined) ?? Number.POSITIVE_INFINITY;
    const at = multipliers.reduce((b, _, j) => (loss(j) < loss(b) ? j : b), 0);
    return { id, lr: grid[k * rates + at]!.lr, edge: at === 0 || at === rates - 1 };
  });
  const runs = await run(
    executor,
    best.flatMap(({ id, lr }) => Array.from({ length: seeds }, (_, s) => configuration(problem, id, lr, steps, s + 1))),
  );
  const rows = best.map((b, k) => ({ ...b, records: runs.slice(k * seeds, (k + 1) * seeds).filter((r) => r !== undefined) }));
  const finals = (row: (typeof rows)[number]) => row.records.map((r) => smoothed(r).at(-1)!);
  const adam = rows.find(({ id }) => id === "adam");
  const target = adam ? median(finals(adam)) : Number.NaN;
  const table = rows
    .filter(({ records }) => records.length > 0)
    .map((row) => {
      const perStep = median(row.records.map((r) => r.timing.cpuSeconds / steps));
      const reached = row.records.map((r) => smoothed(r).findIndex((loss) => loss <= target) + 1 || Number.POSITIVE_INFINITY);
      const needed = median(reached);
      const metric = (name: string) => median(row.records.map((r) => (r.metrics[name] as number | null) ?? Number.POSITIVE_INFINITY));
      return {
        ...row,
        perStep,
        needed,
        seconds: needed * perStep,
        train: metric("finalTrainLoss"),
        test: metric("finalTestLoss"),
        error: metric("finalTestError"),
      };
    })
    .sort((a, b) => a.needed - b.needed || a.train - b.train);
  const number = (x: number, digits = 3) => (Number.isFinite(x) ? Number(x.toPrecision(digits)).toString() : "–");
  const classes = table.some(({ error }) => Number.isFinite(error));
  sections.push(
    `### ${problem}\n\n${steps} steps, ${seeds} seeds; target ${number(target)} (tuned Adam's final training loss).\n\n` +
      `| method | lr | steps to target | ms per step | seconds to target | train loss | test loss |${classes ? " test error |" : ""}\n|---|---|---|---|---|---|---|${classes ? "---|" : ""}\n` +
      table
        .map(
          (r) =>
            `| ${r.id} | ${r.lr}${r.edge ? "*" : ""} | ${number(r.needed)} | ${number(1000 * r.perStep)} | ${number(r.seconds)} | ${number(r.train)} | ${number(r.test)} |` +
            (classes ? ` ${number(100 * r.error)} % |` : ""),
        )
        .join("\n"),
  );
  const shown = table.filter(({ id }) => ["sgd", "adam", "kfac", "foof", "shampoo", "soap", "muon", "kl-shampoo"].includes(id));
  const points = shown.flatMap(({ id, records, perStep }) => {
    const curves = records.map(smoothed);
    return Array.from({ length: steps }, (_, t) => ({
      method: id,
      step: t + 1,
      seconds: (t + 1) * perStep,
      loss: median(curves.map((c) => c[t] ?? Number.POSITIVE_INFINITY)),
    }));
  });
  const panel = (field: string, title: string) => ({
    width: 340,
    height: 260,
    mark: { type: "line", clip: true },
    encoding: {
      x: { field, type: "quantitative", title, scale: { type: "log", nice: false } },
      y: { field: "loss", type: "quantitative", title: "training loss", scale: { type: "log", nice: false } },
      color: { field: "method", type: "nominal" },
    },
  });
  const values = points.filter(({ loss }) => Number.isFinite(loss) && loss < 1e3);
  writeFileSync(
    `${flags.out}/${problem}.svg`,
    await toSvg({ title: problem, data: { values }, hconcat: [panel("step", "step"), panel("seconds", "processor seconds")] }),
  );
  console.log(`${sections.at(-1)}\n\n![${problem}](optimizers/${problem}.svg)\n`);
}
await executor.close();
console.log(`${machineLine()}\n`);
