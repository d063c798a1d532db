/** Philox4x64-10 (Salmon et al., SC 2011) and what native/random.cc makes of its words, in BigInt and plain loops. */
const WORD = (1n << 64n) - 1n;

/** The four words at the counter (c0, c1, 0, sequence). */
export function block(key: readonly [bigint, bigint], c0: bigint, c1: bigint, sequence: number): bigint[] {
  let [x0, x1, x2, x3] = [c0 & WORD, c1 & WORD, 0n, BigInt(sequence)];
  let [lo, hi] = key;
  for (let round = 0; round < 10; round++) {
    const a = 0xd2e7470ee14c6c93n * x0;
    const b = 0xca5a826395121157n * x2;
    [x0, x1, x2, x3] = [(b >> 64n) ^ x1 ^ lo, b & WORD, (a >> 64n) ^ x3 ^ hi, a & WORD];
    lo = (lo + 0x9e3779b97f4a7c15n) & WORD;
    hi = (hi + 0xbb67ae8584caa73bn) & WORD;
  }
  return [x0, x1, x2, x3];
}

/** Words of a sequence by number; the last block is remembered. */
export function words(key: readonly [bigint, bigint], sequence: number): (index: bigint) => bigint {
  let [at, last]: [bigint, bigint[]] = [-1n, []];
  return (index) => {
    const counter = index / 4n + (sequence === 0 ? 1n : 0n); // numpy increments before the first block
    if (counter !== at) [at, last] = [counter, block(key, counter, 0n, sequence)];
    return last[Number(index % 4n)]!;
  };
}

/** Box–Muller of one word: |sign 1|swap 1|radius 32|angle 30|. */
export function pair(word: bigint): [number, number] {
  const radius = Number((word >> 30n) & 0xffffffffn);
  const angle = Number(word & 0x3fffffffn);
  const r = Math.sqrt(-2 * Math.log((radius + 0.5) / 2 ** 32));
  const phi = ((angle + 0.5 - 2 ** 29) * (Math.PI / 2)) / 2 ** 30;
  const [x, y] = [word >> 63n ? -Math.cos(phi) : Math.cos(phi), Math.sin(phi)];
  return (word >> 62n) & 1n ? [r * y, r * x] : [r * x, r * y];
}

/** Gamma(shape, 1) by Marsaglia and Tsang, the attempts of number `index` at counters of their own. */
export function gamma(key: readonly [bigint, bigint], index: bigint, shape: number): number {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const unit = (word: bigint) => (Number(word >> 11n) + 0.5) * 2 ** -53;
  for (let attempt = 0n; ; attempt++) {
    const word = block(key, attempt, index, 2);
    const [x] = pair(word[0]!);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = unit(word[1]!);
    if (u < 1 - 0.0331 * x ** 4 || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) {
      return shape >= 1 ? d * v : d * v * unit(word[2]!) ** (1 / shape);
    }
  }
}
