import { Presets, SingleBar } from "cli-progress";
import type { Observer } from "../experiments/reproduce.js";

/** How far a run has come, on stderr: a bar on a terminal, a line now and then in a log. */
export interface Progress extends Observer {
  stop(): void;
}

const clock = (seconds: number) =>
  seconds < 60 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

function bar(): Progress {
  const shown = new SingleBar(
    {
      stream: process.stderr,
      format: "{bar} {value}/{total} trials · {failed}{elapsed} · {left}",
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
    },
    Presets.shades_classic,
  );
  let started = 0;
  const payload = (count: number, total: number, failed: number) => {
    const seconds = (performance.now() - started) / 1000;
    return {
      failed: failed ? `${failed} failed · ` : "",
      elapsed: clock(seconds),
      left: count > 0 ? `about ${clock((seconds / count) * (total - count))} left` : "",
    };
  };
  return {
    planned(total) {
      if (started) return shown.setTotal(total);
      started = performance.now();
      shown.start(total, 0, payload(0, total, 0));
    },
    done: (count, failed) => shown.update(count, payload(count, shown.getTotal(), failed)),
    stop: () => shown.stop(),
  };
}

function lines(): Progress {
  let total = 0;
  let started = 0;
  let last = 0;
  return {
    planned(count) {
      total = count;
      if (started) return;
      started = performance.now();
      last = started;
      process.stderr.write(`${total} trials\n`);
    },
    done(count, failed) {
      const now = performance.now();
      if (now - last < 10_000 && count < total) return;
      last = now;
      process.stderr.write(`${count}/${total} trials${failed ? `, ${failed} failed` : ""}, ${clock((now - started) / 1000)}\n`);
    },
    stop() {},
  };
}

export const progress = (): Progress => (process.stderr.isTTY ? bar() : lines());
