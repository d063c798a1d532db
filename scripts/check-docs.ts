// Checks the hand-written pages: relative links and anchors exist, TypeScript blocks have the right types, commands and their options
// exist, every dependency is explained. (A test runs the blocks.)
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { execute } from "../lib/cli/program.js";
import { allBlocks, codeBlocks, mentionedCommands, pages, root } from "./doc-blocks.js";

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

// No block is passed over because of what its fence says.
for (const { page, line, language } of allBlocks()) {
  if (!["ts", "sh", "yaml"].includes(language)) problems.push(`${page}:${line}: a block of "${language}": write ts, sh or yaml`);
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string>>;

/** What `layerwise COMMAND --help` prints; null when there is no such command. */
async function help(command: string): Promise<string | null> {
  let text = "";
  const { write } = process.stdout;
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    return (await execute([command, "--help"])) === 0 && text.includes(`Usage: layerwise ${command}`) ? text : null;
  } finally {
    process.stdout.write = write;
  }
}
const helps = new Map<string, string | null>();
let commands = 0;
for (const page of pages()) {
  const text = readFileSync(join(root, page), "utf8");
  for (const mentioned of mentionedCommands(text)) {
    const command = mentioned.split(/[\s:]/)[1]!;
    if (!helps.has(command)) helps.set(command, await help(command));
    const options = helps.get(command);
    commands++;
    if (!options) problems.push(`${page}: \`${mentioned}\`: there is no such command`);
    else
      for (const [option] of mentioned.matchAll(/(?<=[\s[])--[a-z-]+/g)) {
        if (!options.includes(`${option} `) && !options.includes(`${option}\n`))
          problems.push(`${page}: \`${mentioned}\`: there is no ${option}`);
      }
  }
  for (const [, script] of text.matchAll(/npm run (?:--silent )?([a-z][\w:]*)/g)) {
    if (!manifest.scripts![script!]) problems.push(`${page}: there is no script "${script}" in package.json`);
  }
}

const guide = readFileSync(join(root, "docs/package.md"), "utf8");
for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
  if (!guide.includes(name)) problems.push(`docs/package.md: does not say what ${name} is for`);
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
console.log(`${pages().length} pages, ${blocks.size} code blocks, ${commands} commands, ${problems.length} problems`);
process.exitCode = problems.length ? 1 : 0;
