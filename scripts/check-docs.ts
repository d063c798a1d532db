// Checks the hand-written pages: relative links and anchors exist, TypeScript blocks have the right types. (A test runs the blocks.)
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { codeBlocks, pages, root } from "./doc-blocks.js";

const problems: string[] = [];

/** GitHub's anchors of a page's headings. */
const anchors = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

for (const page of pages()) {
  const text = readFileSync(join(root, page), "utf8");
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target!)) continue;
    const [path, anchor] = target!.split("#") as [string, string?];
    const file = path ? join(root, dirname(page), path) : join(root, page);
    if (!existsSync(file)) problems.push(`${page}: ${target} does not exist`);
    else if (anchor && !anchors(readFileSync(file, "utf8")).includes(anchor)) problems.push(`${page}: ${target} has no such heading`);
  }
}

// Blocks are compiled under the names of files that are not written.
const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const blocks = new Map(codeBlocks().map(({ page, line, code }) => [join(root, `${page}.${line}.ts`), code]));
const host = ts.createCompilerHost({ ...options, noUnusedLocals: false });
const { readFile, fileExists } = host;
host.readFile = (name) => blocks.get(name) ?? readFile(name);
host.fileExists = (name) => blocks.has(name) || fileExists(name);
const program = ts.createProgram([...blocks.keys()], { ...options, noUnusedLocals: false }, host);
for (const name of blocks.keys()) {
  for (const diagnostic of ts.getPreEmitDiagnostics(program, program.getSourceFile(name))) {
    const line = ts.getLineAndCharacterOfPosition(diagnostic.file!, diagnostic.start!).line + 1;
    problems.push(`${relative(root, name)}, line ${line} of the block: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`${pages().length} pages, ${blocks.size} code blocks, ${problems.length} problems`);
process.exitCode = problems.length ? 1 : 0;
