import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { codeBlocks, root } from "../../scripts/doc-blocks.js";

const folder = join(root, "build", `doc-blocks-${process.pid}`);
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// A block throws when what it says does not hold.
describe("code blocks of the documentation", () => {
  const blocks = codeBlocks();
  it("are there", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });
  for (const { page, line, code } of blocks) {
    it(`${page}:${line}`, async () => {
      const file = join(folder, `${page.replaceAll("/", "-")}-${line}.ts`);
      writeFileSync(file, code);
      const log = vi.spyOn(console, "log").mockImplementation(() => {});
      try {
        await import(/* @vite-ignore */ pathToFileURL(file).href);
      } finally {
        log.mockRestore();
      }
    });
  }
});
