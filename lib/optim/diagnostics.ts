/** One refresh of one factor. */
export interface RefreshRecord {
  readonly layer: string;
  readonly side: "left" | "right";
  readonly dim: number;
  readonly step: number;
  /** What computed it in the end: `eigh`, `cholesky`, … */
  readonly solver: string;
  /** Absolute damping added to the averaged statistic, after retries. */
  readonly damping: number;
  /** Extreme eigenvalues of the averaged statistic before damping, where the solver knows them; otherwise null. */
  readonly lambdaMin: number | null;
  readonly lambdaMax: number | null;
  /** ‖A·X^p − I‖_F / √dim of the damped factor A and its root X, with `residual` diagnostics; otherwise null. */
  readonly residual: number | null;
  /** Attempts with more damping or more precision after the first. */
  readonly retries: number;
  /** Whether every attempt failed and the last good root stays. */
  readonly keptOld: boolean;
  readonly milliseconds: number;
}

/** Norms of one parameter's last update; with `record: true`. */
export interface UpdateRecord {
  readonly step: number;
  readonly gradientNorm: number;
  /** Norm of the direction, before the learning rate. */
  readonly directionNorm: number;
  /** ⟨G, U⟩ / (‖G‖‖U‖). */
  readonly cosine: number;
}

/** Counters (always on) and records (opt-in: `record: true`). Every documented fallback adds to a counter. */
export class Diagnostics {
  /** Factor refreshes that gave a root or a basis. */
  refreshes = 0;
  /** Refreshes which needed more damping or double precision. */
  retries = 0;
  /** Refreshes which failed: the last good root (at first the identity) stayed. */
  keptOld = 0;
  /** Gradients with NaN or Inf: state and weight were left alone. */
  nonFiniteGradients = 0;
  /** Statistics with NaN or Inf: not accumulated. */
  nonFiniteStatistics = 0;
  /** Updates that would have put NaN or Inf into a weight: not written. */
  rejectedUpdates = 0;
  /** Steps taken back because the loss rose (adaptive damping with `reject`). */
  rejectedSteps = 0;
  /** Steps of a parameter without a gradient. */
  missingGradients = 0;
  /** Newest last; at most `capacity`. */
  readonly records: RefreshRecord[] = [];
  /** By parameter. */
  readonly updates: Record<string, UpdateRecord> = {};

  constructor(
    /** Whether records are kept. */
    readonly recording = false,
    readonly capacity = 1000,
  ) {}

  add(record: RefreshRecord): void {
    if (this.records.length >= this.capacity) this.records.shift();
    this.records.push(record);
  }
}
