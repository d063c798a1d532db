import type { Chunks, Trial } from "../executor.js";

/**
 * Takes trials from chunks without waiting for more than are ready: a search may hold the next ones back until it has seen
 * results.
 */
export class Gather {
  exhausted = false;
  private readonly source: AsyncIterator<readonly Trial[]> | Iterator<readonly Trial[]>;
  private pending: Promise<IteratorResult<readonly Trial[]>> | undefined;
  private rest: Trial[] = [];

  constructor(chunks: Chunks) {
    this.source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** Up to `count` trials; fewer when no more come within `patience` milliseconds. */
  async take(count: number, patience = 50): Promise<Trial[]> {
    while (this.rest.length < count && !this.exhausted) {
      this.pending ??= Promise.resolve(this.source.next());
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), patience);
      });
      const next = await Promise.race([this.pending, late]);
      clearTimeout(timer);
      if (next === undefined) break;
      this.pending = undefined;
      if (next.done) this.exhausted = true;
      else this.rest.push(...next.value);
    }
    return this.rest.splice(0, count);
  }
}
