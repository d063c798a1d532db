/** Multiplier of the base learning rate at step t (from 1). */
export type Schedule = (t: number) => number;

/** η_t = η. */
export const constant = (): Schedule => () => 1;

/** From 1 at the first step linearly to `final` at step `steps`, then constant. */
export function linear({ steps, final = 0 }: { steps: number; final?: number }): Schedule {
  return (t) => 1 + (final - 1) * progress(t, steps);
}

/** Half a cosine from 1 to `final` over `steps` steps, then constant (Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts). */
export function cosine({ steps, final = 0 }: { steps: number; final?: number }): Schedule {
  return (t) => final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress(t, steps)));
}

/** Linear warm-up over `warmup` steps (t / warmup, so 1 at step `warmup`), then `after`, counted from there. */
export function warmup({ warmup: n, after = constant() }: { warmup: number; after?: Schedule }): Schedule {
  return (t) => (t <= n ? t / n : after(t - n));
}

/** Warm-up, stable, decay: linear up over `warmup` steps, 1 until `steps − decay`, then linearly to `final` at `steps` (Hu et al. 2024, arXiv 2404.06395). */
export function warmupStableDecay({
  steps,
  warmup: up,
  decay,
  final = 0,
}: {
  steps: number;
  warmup: number;
  decay: number;
  final?: number;
}): Schedule {
  return (t) => {
    if (t <= up) return t / up;
    const left = Math.max(0, steps - t);
    return left >= decay ? 1 : final + ((1 - final) * left) / decay;
  };
}

/** √(offset / max(t, offset)): constant for `offset` steps, then 1/√t (Vaswani et al. 2017, the offset is the warm-up length). */
export function inverseSqrt({ offset }: { offset: number }): Schedule {
  return (t) => Math.sqrt(offset / Math.max(t, offset));
}

function progress(t: number, steps: number): number {
  return steps <= 1 ? 1 : Math.min(1, (t - 1) / (steps - 1));
}

/** A schedule as data: what the option `schedule` takes besides a function. */
export type ScheduleConfig =
  | { kind: "constant"; warmup?: number }
  | { kind: "linear" | "cosine"; steps: number; warmup?: number; final?: number }
  | { kind: "wsd"; steps: number; warmup?: number; decay: number; final?: number }
  | { kind: "inverse-sqrt"; warmup: number };

/** The schedule that `config` describes; a warm-up comes before the named shape and counts towards `steps`. */
export function schedule(config: ScheduleConfig | Schedule | undefined): Schedule {
  if (!config) return constant();
  if (typeof config === "function") return config;
  switch (config.kind) {
    case "constant":
    case "linear":
    case "cosine": {
      const { warmup: up = 0 } = config;
      const after =
        config.kind === "constant" ? constant() : (config.kind === "linear" ? linear : cosine)({ ...config, steps: config.steps - up });
      return up > 0 ? warmup({ warmup: up, after }) : after;
    }
    case "wsd":
      return warmupStableDecay({ warmup: 0, ...config });
    case "inverse-sqrt": {
      const shape = inverseSqrt({ offset: config.warmup });
      return (t) => (t < config.warmup ? t / config.warmup : shape(t));
    }
  }
}
