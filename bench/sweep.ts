// Many small trials in a pool of processes: trials per second with one and two workers (in turn, seconds on the clock: needs an idle
// machine), and what a trial costs beyond its own time with one.
//
//   npx tsx bench/sweep.ts [rounds = 3] [trials = 200]
import { chunked, experimentById, LocalExecutor, makeTrial } from "../lib/experiments/index.js";
import { figure, median, table } from "./harness.js";
import { machineLine } from "./machine.js";

const rounds = Number(process.argv[2] ?? 3);
const count = Number(process.argv[3] ?? 200);
const experiment = experimentById("linear-representation");
const trials = Array.from({ length: count }, (_, seed) => makeTrial(experiment, { seed, d: 64, n: 512, steps: 40 }));

/** Seconds for all trials, and milliseconds each beyond those it reports. */
async function run(executor: LocalExecutor): Promise<{ seconds: number; overhead: number }> {
  const started = performance.now();
  let own = 0;
  for await (const record of executor.execute(chunked(trials, 10))) {
    if (record.status === "ok") own += record.timing.seconds;
  }
  const seconds = (performance.now() - started) / 1e3;
  return { seconds, overhead: (1e3 * (seconds - own)) / count };
}

const executors = [1, 2].map((workers) => new LocalExecutor({ workers }));
const times: Awaited<ReturnType<typeof run>>[][] = [[], []];
for (const executor of executors) await run(executor);
for (let round = 0; round < rounds; round++) {
  for (const [i, executor] of executors.entries()) times[i]!.push(await run(executor));
}
for (const executor of executors) await executor.close();

console.log(machineLine());
const row = table("workers", "trials/s", "× one worker", "overhead, ms a trial");
for (const [i, mine] of times.entries()) {
  const gain = median(mine.map(({ seconds }, round) => times[0]![round]!.seconds / seconds));
  row(
    i + 1,
    count / median(mine.map(({ seconds }) => seconds)),
    figure(gain),
    i === 0 ? median(mine.map(({ overhead }) => overhead)) : "–",
  );
}
