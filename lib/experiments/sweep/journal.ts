import { closeSync, ftruncateSync, openSync, readdirSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { reason, StoreError } from "./errors.js";
import { encodeRow, type Place, type Row } from "./row.js";

const NEWLINE = 10;

/**
 * The complete lines of a file from byte `from` on: what follows the last newline is being written, or was torn off by a
 * crash, and is not a row. Memory is that of the longest line.
 */
export function* lines(path: string, from = 0): Generator<{ bytes: Buffer; offset: number }> {
  const fd = openSync(path, "r");
  try {
    let pending: Buffer = Buffer.alloc(0);
    let offset = from;
    let position = from;
    const chunk = Buffer.alloc(1 << 18);
    for (;;) {
      const count = readSync(fd, chunk, 0, chunk.length, position);
      if (count === 0) return;
      position += count;
      let data = pending.length ? Buffer.concat([pending, chunk.subarray(0, count)]) : chunk.subarray(0, count);
      for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE)) {
        yield { bytes: data.subarray(0, end), offset };
        offset += end + 1;
        data = data.subarray(end + 1);
      }
      pending = Buffer.from(data);
    }
  } finally {
    closeSync(fd);
  }
}

/** The journals of a folder, in the order of their names. */
export function journalsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^trials-.*\.jsonl$/.test(name))
    .sort();
}

export function readRow(folder: string, { file, offset, length }: Place): Row {
  const fd = openSync(join(folder, file), "r");
  try {
    const bytes = Buffer.alloc(length);
    readSync(fd, bytes, 0, length, offset);
    return JSON.parse(bytes.toString("utf8")) as Row;
  } finally {
    closeSync(fd);
  }
}

/** Cuts off what a crash left behind the last newline. Call it only while nobody else writes. @returns the bytes cut. */
export function dropTornTail(path: string): number {
  const fd = openSync(path, "r+");
  try {
    const chunk = Buffer.alloc(1 << 16);
    let size = 0;
    let end = 0;
    for (;;) {
      const count = readSync(fd, chunk, 0, chunk.length, size);
      if (count === 0) break;
      const last = chunk.subarray(0, count).lastIndexOf(NEWLINE);
      if (last >= 0) end = size + last + 1;
      size += count;
    }
    if (end < size) ftruncateSync(fd, end);
    return size - end;
  } finally {
    closeSync(fd);
  }
}

/** Bytes that may wait for the disk before {@link Journal.append} asks to be waited for. */
const MAX_PENDING = 8 << 20;

/**
 * Appends rows to a file of its own. Rows go out at once and are forced to the disk (fdatasync) in groups: at any time one
 * group is on its way, and the rows that arrive meanwhile form the next. A power cut thus loses at most the rows of the time
 * that two fdatasync take; a killed process loses those of at most one write.
 */
export class Journal {
  readonly name: string;
  /** Rows that are on the disk. */
  synced = 0;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private writing: Promise<void> | undefined;
  private failure: StoreError | undefined;
  private good = 0;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {
    this.name = path;
  }

  static async create(folder: string): Promise<Journal> {
    const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const host = hostname()
      .replace(/[^A-Za-z0-9-]/g, "")
      .slice(0, 32);
    const path = join(folder, `trials-${stamp}-${host}-${process.pid}-${Math.random().toString(36).slice(2, 8)}.jsonl`);
    try {
      const journal = new Journal(path, await open(path, "wx"));
      // The file's name must survive a power cut as well.
      const directory = await open(folder, "r");
      await directory.sync();
      await directory.close();
      return journal;
    } catch (error) {
      throw new StoreError(`cannot write into ${folder}: ${reason(error)}`, { cause: error });
    }
  }

  /**
   * @returns a promise to wait for when the disk is far behind.
   * @throws StoreError when an earlier row could not be written.
   */
  append(row: Row): Promise<void> | undefined {
    if (this.failure) throw this.failure;
    const bytes = Buffer.from(encodeRow(row), "utf8");
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    this.writing ??= this.drain();
    return this.waitingBytes > MAX_PENDING ? this.flush() : undefined;
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length) {
        const group = Buffer.concat(this.waiting);
        const rows = this.waiting.length;
        this.waiting = [];
        this.waitingBytes = 0;
        await this.write(group);
        await this.handle.datasync();
        this.good += group.length;
        this.synced += rows;
      }
    } catch (error) {
      this.failure = new StoreError(
        `cannot write ${this.path}: ${reason(error)}. The ${this.synced} results before it are kept; go on later with \`layerwise resume\``,
        { cause: error },
      );
      // Half a row would be cut off at the next open anyway.
      await this.handle.truncate(this.good).catch(() => {});
    } finally {
      this.writing = undefined;
    }
  }

  private async write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += (await this.handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }

  /** Resolves when every row is on the disk. @throws StoreError */
  async flush(): Promise<void> {
    while (this.writing) await this.writing;
    if (this.failure) throw this.failure;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.handle.close();
    }
  }
}
