// Which optimizer pays, in steps and in seconds, on small real networks. The rule, the same for every method:
//   1. learning rate: the method's default and a decade to either side; while the best is at an end, a decade beyond it; then half a
//      decade to either side of the best: at most seven runs with seed 0 for the full number of steps; the rate with the least
//      final training loss is kept (marked * if it is still at an end);
//   2. three further seeds at that rate; medians are reported;
//   3. the target is the training loss that tuned Adam has reached at the end, in the median; "steps" and "seconds" are what a method
//      needs until the mean of ten batches' losses is there.
// On the large autoencoder, where a step takes a third of a second, 1. starts from the rate of the small one: half a decade to either
// side, half a decade beyond while the best is at an end, at most five runs of half the steps.
// Seconds are steps times the processor seconds of a step on one thread, timed apart with all methods in turn (step-time.ts). Other options are the defaults, with
// roots and bases refreshed every ten steps for all Kronecker methods. Single precision, except on the regression.
//
//   npx tsx bench/optimizers.ts [--problems regression,mlp,…] [--methods kfac,…] [--steps N] [--seeds 3] [--rounds 5] [--out docs/optimizers]
//                               [--journal file.jsonl: keeps finished trials, to go on after an interruption; for one version of the code]
//                               [--document docs/optimizers.md: puts each problem's table in place of the one there]
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chunked, experimentById, LocalExecutor, makeTrial, type OkRecord } from "../lib/experiments/index.js";
import { findMethod, methodIds, methodShape } from "../lib/optim/index.js";
import { toSvg } from "../lib/report/index.js";
import { median } from "./harness.js";
import { machineLine } from "./machine.js";
import { stepMilliseconds } from "./step-time.js";

const { values: flags } = parseArgs({
  options: {
    problems: { type: "string", default: "regression,mlp,convnet,autoencoder-small,autoencoder" },
    methods: { type: "string" },
    steps: { type: "string" },
    seeds: { type: "string", default: "3" },
    rounds: { type: "string", default: "5" },
    out: { type: "string", default: "docs/optimizers" },
    journal: { type: "string" },
    document: { type: "string" },
  },
});

/** Steps for each problem, and the methods when `--methods` is not given: all of them. */
const all = [...methodIds(), "kfac adaptive", "shampoo grafted"];
const plan: Record<string, { steps: number; methods: string[]; tuneFrom?: string }> = {
  regression: { steps: 300, methods: all },
  mlp: { steps: 120, methods: all },
  convnet: { steps: 80, methods: all },
  "autoencoder-small": { steps: 100, methods: all },
  autoencoder: { steps: 100, methods: all, tuneFrom: "autoencoder-small" },
};

/** Names of methods with other than default options. */
const variants: Record<string, { optimizer: string; options: Record<string, unknown> }> = {
  "kfac adaptive": { optimizer: "kfac", options: { adaptive: true, reject: true } },
  "shampoo grafted": { optimizer: "shampoo", options: { graft: "adam", momentum: 0.9 } },
};

const train = experimentById("train");
const seeds = Number(flags.seeds);

function defaultRate(name: string): number {
  const id = variants[name]?.optimizer ?? name;
  const lr = methodShape(findMethod(id)).lr as unknown as { parse(x: undefined): number };
  return lr.parse(undefined);
}

function configuration(model: string, name: string, lr: number, steps: number, seed: number) {
  const { optimizer, options: own } = variants[name] ?? { optimizer: name, options: {} };
  const shape = methodShape(findMethod(optimizer));
  // L-BFGS is a full-batch method: it gets the largest batch that the data allow.
  const batch = optimizer === "lbfgs" ? { batch: model === "regression" ? 2048 : 2000 } : {};
  // With inverses ten steps old KFAC diverges on the large autoencoder, whose curvature changes fast.
  const every = model === "autoencoder" && optimizer === "kfac" ? 1 : 10;
  const given = "every" in shape && optimizer !== "gauss-newton" ? { every, ...own } : own;
  const options = Object.keys(given).length ? { options: JSON.stringify(given) } : {};
  return {
    model,
    optimizer,
    lr,
    steps,
    seed,
    evaluateEvery: 0,
    precision: model === "regression" ? "float64" : "float32",
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

const executor = new LocalExecutor({ workers: 1 });
const finished = new Map<string, OkRecord>();
if (flags.journal && existsSync(flags.journal)) {
  for (const line of readFileSync(flags.journal, "utf8").split("\n").filter(Boolean)) {
    const record = JSON.parse(line) as OkRecord;
    finished.set(record.id, record);
  }
}

/** Records in the order of the configurations; undefined for a trial that failed. */
async function run(configs: ReturnType<typeof configuration>[]): Promise<(OkRecord | undefined)[]> {
  const trials = configs.map((config) => makeTrial(train, config));
  const missing = trials.filter(({ id }) => !finished.has(id));
  for await (const record of executor.execute(chunked(missing, 1))) {
    if (record.status === "ok") {
      finished.set(record.id, record);
      if (flags.journal) appendFileSync(flags.journal, `${JSON.stringify(record)}\n`);
    } else console.error(`${record.config.optimizer} at ${record.config.lr}: ${record.error}`);
  }
  return trials.map(({ id }) => finished.get(id));
}

interface Tuned {
  readonly id: string;
  readonly lr: number;
  /** Whether the best rate is the last one tried. */
  readonly edge: boolean;
}

/** Runs with seed 0 at half-decades around a rate, in the order they are asked for; the best so far. */
class Search {
  readonly #losses = new Map<number, number>();

  constructor(
    private readonly problem: string,
    private readonly id: string,
    private readonly steps: number,
    private readonly centre: number,
  ) {}

  #rate(k: number): number {
    return Number((this.centre * 10 ** (k / 2)).toPrecision(3));
  }

  get #best(): number {
    return [...this.#losses].reduce((a, b) => (b[1] < a[1] ? b : a))[0];
  }

  /** Tries half-decades `offsets` from the best rate so far, or from the centre. */
  async attempt(...offsets: number[]): Promise<void> {
    const from = this.#losses.size ? this.#best : 0;
    const fresh = offsets.map((k) => from + k).filter((k) => !this.#losses.has(k));
    const records = await run(fresh.map((k) => configuration(this.problem, this.id, this.#rate(k), this.steps, 0)));
    fresh.forEach((k, i) => {
      this.#losses.set(k, (records[i]?.metrics.finalTrainLoss as number | null | undefined) ?? Number.POSITIVE_INFINITY);
    });
  }

  /** Goes `by` half-decades beyond, when the best rate is at an end. */
  async beyond(by: number): Promise<void> {
    if (this.#best === Math.max(...this.#losses.keys())) await this.attempt(by);
    else if (this.#best === Math.min(...this.#losses.keys())) await this.attempt(-by);
  }

  result(): Tuned {
    const tried = [...this.#losses.keys()];
    return { id: this.id, lr: this.#rate(this.#best), edge: this.#best === Math.max(...tried) || this.#best === Math.min(...tried) };
  }
}

/** The best rate by the rule above. */
async function tune(problem: string, id: string, steps: number): Promise<Tuned> {
  const { tuneFrom } = plan[problem]!;
  if (tuneFrom) {
    const search = new Search(problem, id, Math.ceil(steps / 2), (await tune(tuneFrom, id, plan[tuneFrom]!.steps)).lr);
    await search.attempt(0, -1, 1);
    for (let extra = 0; extra < 2; extra++) await search.beyond(1);
    return search.result();
  }
  const search = new Search(problem, id, steps, defaultRate(id));
  await search.attempt(0, -2, 2);
  for (let extra = 0; extra < 2; extra++) await search.beyond(2);
  await search.attempt(-1, 1);
  return search.result();
}

mkdirSync(flags.out!, { recursive: true });
for (const problem of flags.problems!.split(",")) {
  const { steps: planned, methods: all } = plan[problem]!;
  const steps = flags.steps ? Number(flags.steps) : planned;
  const methods = flags.methods?.split(",") ?? all;
  const best: Tuned[] = [];
  for (const id of methods) {
    best.push(await tune(problem, id, steps));
    process.stderr.write(`${problem} ${id}\n`);
  }
  const runs = await run(
    best.flatMap(({ id, lr }) => Array.from({ length: seeds }, (_, s) => configuration(problem, id, lr, steps, s + 1))),
  );
  const rows = best.map((b, k) => ({ ...b, records: runs.slice(k * seeds, (k + 1) * seeds).filter((r) => r !== undefined) }));
  const finals = (row: (typeof rows)[number]) => row.records.map((r) => smoothed(r).at(-1)!);
  const adam = rows.find(({ id }) => id === "adam");
  const target = adam ? median(finals(adam)) : Number.NaN;
  const done = rows.filter(({ records }) => records.length > 0);
  const times = await stepMilliseconds(
    done.map(({ id, lr }) => configuration(problem, id, lr, steps, 1)),
    Number(flags.rounds),
  );
  const table = done
    .map((row, k) => {
      const perStep = times[k]! / 1000;
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
  const section =
    `## ${problem}\n\n${steps} steps, ${seeds} ${seeds === 1 ? "seed" : "seeds"}; target ${number(target)} (tuned Adam's final training loss).\n\n` +
    `| method | lr | steps to target | ms per step | seconds to target | train loss | test loss |${classes ? " test error |" : ""}\n|---|---|---|---|---|---|---|${classes ? "---|" : ""}\n` +
    table
      .map(
        (r) =>
          `| ${r.id} | ${r.lr}${r.edge ? "*" : ""} | ${number(r.needed)} | ${number(1000 * r.perStep)} | ${number(r.seconds)} | ${number(r.train)} | ${number(r.test)} |` +
          (classes ? ` ${number(100 * r.error)} % |` : ""),
      )
      .join("\n") +
    `\n\n![${problem}](optimizers/${problem}.svg)\n`;
  const shown = table.filter(({ id }) =>
    ["adam", "kfac", "kfac adaptive", "ekfac", "foof", "shampoo grafted", "soap", "muon", "kl-shampoo"].includes(id),
  );
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
  console.log(section);
  if (flags.document) {
    const text = readFileSync(flags.document, "utf8");
    const old = new RegExp(`^## ${problem}\\n[\\s\\S]*?(?=^## |(?![\\s\\S]))`, "m");
    if (!old.test(text)) throw new Error(`${flags.document} has no section "## ${problem}"`);
    writeFileSync(
      flags.document,
      text.replace(old, () => `${section}\n`),
    );
  }
}
await executor.close();
console.log(`${machineLine()}\n`);
