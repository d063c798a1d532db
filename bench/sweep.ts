// A sweep of small trials on one and on two workers, beside what the machine itself allows: the same trials in one and in two
// processes that share nothing and keep nothing. Seconds on the clock, all four in turn: needs an idle machine. "of the ceiling" is
// what the sweep's machinery leaves of the machine's own gain, and can be judged on any.
//
//   npx tsx bench/sweep.ts [rounds = 5] [trials = 400]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { experimentById, LocalExecutor, runTrial } from "../lib/experiments/index.js";
import { axesFromObject } from "../lib/experiments/sweep/language.js";
import { checkedPlan, createRun, workOn } from "../lib/experiments/sweep/session.js";
import { countArgument, figure, median, Peer, table } from "./harness.js";
import { machineLine } from "./machine.js";

const experiment = experimentById("linear-representation");
/** About 20 ms. */
const config = { d: 64, n: 512, steps: 40 };

/** A process by itself: for every line "from to" it runs these seeds and answers with the seconds. */
async function alone(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [from, to] = line.split(" ").map(Number) as [number, number];
    const started = performance.now();
    for (let seed = from; seed < to; seed++) await runTrial(experiment, { ...config, seed });
    console.log((performance.now() - started) / 1e3);
  }
}

interface Measured {
  readonly seconds: number;
  /** Milliseconds a trial that are not the trial's: on the clock, and of processor time in this process, which collects. */
  readonly overhead: number;
  readonly collecting: number;
}

async function compare(rounds: number, count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-bench-"));
  const plan = { ...checkedPlan(experiment, axesFromObject(experiment, { ...config, seed: `0:${count}` }), undefined, null) };
  const executors = [1, 2].map((workers) => new LocalExecutor({ workers }));
  const script = fileURLToPath(import.meta.url);
  const peers = [0, 1].map(() => Peer.start(process.execPath, ["--import", "tsx", script, "alone"]));
  let made = 0;
  const swept = async (workers: number): Promise<Measured> => {
    const run = createRun(join(folder, String(made++)), { ...plan, module: null, source: null });
    const cpu = process.cpuUsage();
    const started = performance.now();
    let own = 0;
    await workOn(run, plan.spec, executors[workers - 1]!, {
      observe: (row) => {
        if (row.status === "ok") own += row.timing.seconds;
      },
    });
    const seconds = (performance.now() - started) / 1e3;
    const { user, system } = process.cpuUsage(cpu);
    return { seconds, overhead: (1e3 * (seconds * workers - own)) / count, collecting: (user + system) / 1e3 / count };
  };
  const bare = async (workers: number): Promise<Measured> => {
    const started = performance.now();
    const shares = peers.slice(0, workers).map((peer, i) => {
      const edge = (j: number) => Math.round((j * count) / workers);
      return peer.ask(`${edge(i)} ${edge(i + 1)}`);
    });
    await Promise.all(shares);
    return { seconds: (performance.now() - started) / 1e3, overhead: 0, collecting: 0 };
  };
  try {
    const contestants = [() => bare(1), () => bare(2), () => swept(1), () => swept(2)];
    const times: Measured[][] = contestants.map(() => []);
    for (const run of contestants) await run();
    for (let round = 0; round < rounds; round++) for (const [i, run] of contestants.entries()) times[i]!.push(await run());

    console.log(machineLine());
    const row = table("", "trials/s", "× one", "of the ceiling", "overhead, ms a trial and worker", "collecting, ms CPU a trial");
    const gains = (two: number) => times[two]!.map(({ seconds }, round) => times[two - 1]![round]!.seconds / seconds);
    const ceiling = gains(1);
    ["one process by itself", "two", "sweep, one worker", "two workers"].forEach((name, i) => {
      const mine = times[i]!;
      const gain = i % 2 ? gains(i) : [];
      row(
        name,
        figure(count / median(mine.map(({ seconds }) => seconds))),
        i % 2 ? figure(median(gain)) : "1",
        i === 3 ? figure(median(gain.map((x, round) => x / ceiling[round]!))) : "–",
        i < 2 ? "–" : figure(median(mine.map(({ overhead }) => overhead))),
        i < 2 ? "–" : figure(median(mine.map(({ collecting }) => collecting))),
      );
    });
  } finally {
    for (const peer of peers) peer.stop();
    for (const executor of executors) await executor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === "alone") await alone();
else await compare(countArgument(1, 5), countArgument(2, 400));
