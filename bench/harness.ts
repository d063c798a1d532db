// What all benchmarks share. Contestants run in turn, round after round, each for some milliseconds of processor time, which
// other work on the machine disturbs least; medians are printed, and ratios are medians of the rounds' ratios.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Median of all that is not NaN; NaN when there is nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((x) => !Number.isNaN(x)).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (!sorted.length) return Number.NaN;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The index-th word of the command line, a count. */
export function countArgument(index: number, otherwise: number): number {
  const word = process.argv[index + 1];
  const count = word === undefined ? otherwise : Number(word);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`a count is wanted, got ${word}`);
  return count;
}

/** Milliseconds of processor time (or, for several threads, of the clock) that `body` takes. */
export function milliseconds(body: () => void, wall = false): number {
  if (wall) {
    const before = performance.now();
    body();
    return performance.now() - before;
  }
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

/** One side of a comparison: nanoseconds per call, null when it is not there. */
export interface Contestant {
  readonly name: string;
  measure(): number | Promise<number | null>;
}

/** A function of this process, called as often as fills `budget` ms. */
export function local(name: string, body: () => void, { budget = 20, wall = false } = {}): Contestant {
  let count = 0;
  const repeat = () => {
    for (let i = 0; i < count; i++) body();
  };
  return {
    name,
    measure() {
      if (!count) {
        body();
        count = 1;
        for (let ms = milliseconds(repeat, wall); ms < budget / 2; ms = milliseconds(repeat, wall)) {
          count *= Math.min(10, Math.max(2, Math.floor(budget / Math.max(ms, 1e-3))));
        }
      }
      return (1e6 * milliseconds(repeat, wall)) / count;
    },
  };
}

/** Another program that answers every line with one line; null answers when it is not there or does not know. */
export class Peer {
  static start(command: string, args: readonly string[] = [], threads = 1): Peer {
    return new Peer(command, args, threads);
  }
  /** A script of `peers/` under python3, or the interpreter that is named here or in $PYTHON. */
  static python(script: string, threads = 1, interpreter = process.env.PYTHON ?? "python3"): Peer {
    return new Peer(interpreter, [fileURLToPath(new URL(`peers/${script}`, import.meta.url))], threads);
  }

  readonly #child;
  readonly #waiting: ((line: string) => void)[] = [];
  #gone = false;

  private constructor(command: string, args: readonly string[], threads: number) {
    const env = { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", process.env.DEBUG ? "inherit" : "ignore"], env });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.(line));
    const fail = () => {
      this.#gone = true;
      for (const give of this.#waiting.splice(0)) give("");
    };
    this.#child.on("error", fail).on("exit", fail);
    this.#child.stdin.on("error", fail);
  }

  async text(line: string): Promise<string> {
    if (this.#gone) return "";
    const answer = new Promise<string>((give) => this.#waiting.push(give));
    this.#child.stdin.write(`${line}\n`);
    return answer;
  }

  async ask(line: string): Promise<number | null> {
    const answer = await this.text(line);
    return answer ? Number(answer) : null;
  }

  /** The contestant that asks `line`. */
  contestant(name: string, line: string): Contestant {
    return { name, measure: () => this.ask(line) };
  }

  stop(): void {
    this.#child.stdin.end();
  }
}

/**
 * Medians over the rounds: of each contestant (NaN: not there), and of how many times longer it takes than the first.
 * @param rest ms between two contestants: the threads of OpenBLAS and OpenMP wait for more work by spinning, some tens of
 * milliseconds long, on the cores that the next one wants.
 */
export async function contest(contestants: readonly Contestant[], rounds: number, rest = 0): Promise<{ time: number; ratio: number }[]> {
  const times = contestants.map(() => [] as number[]);
  for (const { measure } of contestants) await measure();
  for (let round = 0; round < rounds; round++) {
    for (const [i, { measure }] of contestants.entries()) {
      if (rest) await setTimeout(rest);
      times[i]!.push((await measure()) ?? Number.NaN);
    }
  }
  return times.map((t) => ({ time: median(t), ratio: median(t.map((x, round) => x / times[0]![round]!)) }));
}

/** A number to three digits (integers whole), "–" when there is none. */
export function figure(x: number, digits = 3): string {
  if (Number.isInteger(x)) return String(x);
  return Number.isFinite(x) ? Number(x.toPrecision(digits)).toString() : "–";
}

/** Prints the head of a Markdown table and gives the function that prints its rows. */
export function table(...head: string[]): (...cells: (string | number)[]) => void {
  console.log(`\n| ${head.join(" | ")} |\n|${"---|".repeat(head.length)}`);
  return (...cells) => console.log(`| ${cells.map((cell) => (typeof cell === "number" ? figure(cell) : cell)).join(" | ")} |`);
}

/** Numbers from a flag. */
export const numbers = (text: string): number[] => text.split(",").map(Number);
