/** Which of the known names a misspelt one may mean. */
import { distance } from "fastest-levenshtein";

/** The candidate nearest to `word` in edit distance, if it is near enough to be a slip. */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const edits = distance(lower, other);
    // A prefix ("linear", "noi") is a slip too, however much is missing.
    const score = lower.length >= 2 && other.startsWith(lower) ? Math.min(edits, 1) : edits;
    if (score < least) {
      least = score;
      best = candidate;
    }
  }
  return least <= Math.max(2, Math.ceil(word.length / 2)) ? best : undefined;
}

/** What other libraries call these options. */
const elsewhere: Readonly<Record<string, string>> = { learningrate: "lr", weightdecay: "decay", eps: "epsilon", mu: "momentum" };

/** Says that `word` is none of the known names, which one is likely meant, or what there is: `unknown option "damp"; did you mean "damping"?` */
export function unknown(what: string, word: string, known: readonly string[], meant = nearestName(word, known)): string {
  return `unknown ${what} "${word}"; ${meant ? `did you mean "${meant}"?` : `${what}s are ${known.join(", ")}`}`;
}

/** {@link unknown} of an option, which may have the name that another library gives it. */
export function unknownOption(word: string, known: readonly string[]): string {
  const other = elsewhere[word.toLowerCase().replaceAll(/[_-]/g, "")];
  return unknown("option", word, known, other && known.includes(other) ? other : undefined);
}
