import { Presets, SingleBar } from "cli-progress";
import type { Row } from "../experiments/sweep/row.js";
import type { Counts } from "../experiments/sweep/run.js";
import { scoreOf } from "../experiments/sweep/run.js";

const clock = (seconds: number) =>
  seconds < 60
    ? `${Math.round(seconds)} s`
    : seconds < 3600
      ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
      : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;

export interface SweepProgress {
  observe(row: Row, counts: Counts): void;
  stop(): void;
}

/** One line on control characters' terms: an error message must not move the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const plain = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, 200);

/**
 * Rate, time left, failures and the best result so far, on stderr: a bar on a terminal, a line every ten seconds in a log.
 * `metric` (smaller is better unless `mode` is max) is what "best" looks at.
 */
export function sweepProgress(total: number | null, options: { metric?: string; mode?: "min" | "max" }): SweepProgress {
  const sign = options.mode === "max" ? -1 : 1;
  const started = performance.now();
  const tty = process.stderr.isTTY;
  let count = 0;
  let best: { score: number; row: Row } | undefined;
  let last = started;
  let errors = 0;
  let bar: SingleBar | undefined;
  if (tty) {
    bar = new SingleBar(
      { stream: process.stderr, format: "{bar} {text}", hideCursor: true, clearOnComplete: true, fps: 5 },
      Presets.shades_classic,
    );
    bar.start(total ?? 1, 0, { text: "" });
  } else process.stderr.write(total === null ? "a search: the number of trials depends on results\n" : `${total} trials\n`);

  const text = ({ ok, failed }: Counts) => {
    const seconds = (performance.now() - started) / 1000;
    const done = ok + failed;
    const rate = count / seconds;
    const parts = [`${done}${total === null ? "" : `/${total}`} trials`, `${rate.toPrecision(3)}/s`];
    if (total !== null && rate > 0 && done < total) parts.push(`about ${clock((total - done) / rate)} left`);
    if (failed) parts.push(`${failed} failed`);
    if (best) parts.push(`best ${options.metric} ${Number(best.score.toPrecision(4))}`);
    return parts.join(" · ");
  };
  return {
    observe(row, counts) {
      count++;
      const score = scoreOf(row, options.metric);
      if (score !== null && (!best || sign * score < sign * best.score)) best = { score, row };
      // Errors are shown when they happen; after a few, the status command tells.
      if (row.status === "failed" && errors++ < 3) {
        const line = `trial ${row.id.slice(0, 8)} failed: ${plain(row.error.split("\n")[0]!)}\n`;
        if (bar) process.stderr.write(`\r\u001b[K${line}`);
        else process.stderr.write(line);
      }
      if (bar) bar.update(counts.ok + counts.failed, { text: text(counts) });
      else {
        const now = performance.now();
        if (now - last < 10_000 && counts.ok + counts.failed !== total) return;
        last = now;
        process.stderr.write(`${text(counts)}\n`);
      }
    },
    stop: () => bar?.stop(),
  };
}
