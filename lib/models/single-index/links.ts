/** A scalar link function σ* of a single-index target `y = σ*(⟨β*, x⟩) + ε`. */
export interface Link {
  readonly label: string;
  readonly value: (u: number) => number;
  /** Points where a derivative jumps. */
  readonly kinks: readonly number[];
}

/** The link functions by id; `he1+he2` and `he1+he3` are sums of orthonormal Hermite polynomials. */
export const links = {
  relu: { label: "max(u, 0)", value: (u) => Math.max(u, 0), kinks: [0] },
  tanh: { label: "tanh u", value: Math.tanh, kinks: [] },
  linear: { label: "u", value: (u) => u, kinks: [] },
  "he1+he2": { label: "u + (u²−1)/√2", value: (u) => u + (u * u - 1) / Math.SQRT2, kinks: [] },
  "he1+he3": { label: "u + (u³−3u)/√6", value: (u) => u + (u * u * u - 3 * u) / Math.sqrt(6), kinks: [] },
} as const satisfies Record<string, Link>;

/** The link functions there are. */
export type LinkId = keyof typeof links;
