// The README and the guides, and the code and commands in them.
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
  /** What the fence says: `ts`, `sh`, … */
  readonly language: string;
  readonly code: string;
}

/** Every fenced block. */
export function allBlocks(): Block[] {
  return pages().flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8");
    return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
      page,
      line: text.slice(0, match.index).split("\n").length,
      language: match[1]!,
      code: match[2]!,
    }));
  });
}

/** The blocks fenced as `ts`. */
export const codeBlocks = (): Block[] => allBlocks().filter(({ language }) => language === "ts");

/** The commands of the blocks fenced as `sh`, without comments. */
export function commandBlocks(): { readonly page: string; readonly commands: readonly string[] }[] {
  return allBlocks()
    .filter(({ language }) => language === "sh")
    .map(({ page, code }) => ({
      page,
      commands: code
        .split("\n")
        .flatMap((line) => line.replace(/ # .*$/, "").split("&&"))
        .map((command) => command.trim())
        .filter((command) => command !== ""),
    }));
}

/** What begins with `layerwise` or `npx layerwise` anywhere in a page: commands in blocks, in prose and in tables. */
export function mentionedCommands(text: string): string[] {
  const inline = [...text.matchAll(/`(?:npx )?(layerwise [a-z][^`]*)`/g)].map(([, command]) => command!);
  const lines = [...text.matchAll(/^(layerwise [a-z][^#\n]*)/gm)].map(([, command]) => command!);
  return [...inline, ...lines].map((command) => command.trim());
}
