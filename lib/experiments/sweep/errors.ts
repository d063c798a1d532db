/** The run folder cannot be used, or no longer be written to. The message is one line that says what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: string | undefined;

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = (options.cause as NodeJS.ErrnoException | undefined)?.code;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file has reached its size limit",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EIO: "input/output error",
  EMFILE: "too many open files",
  ENOENT: "it is not there",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
};

/** A system error in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code ? `${REASONS[code] ?? code} (${code})` : String((error as Error)?.message ?? error);
}
