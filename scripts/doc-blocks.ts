// The README and the guides, and the TypeScript blocks in them.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Paths of all hand-written pages, from the root. */
export function pages(): string[] {
  const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const others = ["README.md", "CHANGELOG.md", "SECURITY.md", "THIRD_PARTY.md"];
  return [...others, ...guides.sort().map((name) => `docs/${name}`)];
}

export interface Block {
  readonly page: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  readonly code: string;
}

/** Every block fenced as `ts`. */
export function codeBlocks(): Block[] {
  return pages().flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8");
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
      page,
      line: text.slice(0, match.index).split("\n").length,
      code: match[1]!,
    }));
  });
}
