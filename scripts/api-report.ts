// The public surface, one file per subpath of package.json's exports, from the declarations as they are emitted: a change of it shows
// in review. `tsx scripts/api-report.ts` writes `api/`; with `--check` it fails when `api/` is out of date or an export has no doc comment.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "api");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: Record<string, string | { types: string }> };
const entries = Object.entries(exports).flatMap(([subpath, target]) =>
  typeof target === "string" ? [] : [[subpath, join(root, target.types)] as const],
);

/** The declarations that the build would write, by file name. */
function emitDeclarations(): Map<string, string> {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.build.json"), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
    },
  } as ts.ParseConfigFileHost)!;
  const options = { ...config.options, emitDeclarationOnly: true, incremental: false, tsBuildInfoFile: undefined };
  const files = new Map<string, string>();
  ts.createProgram(config.fileNames, options).emit(undefined, (name, text) => files.set(name, text));
  return files;
}

const declarations = emitDeclarations();
const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: ["node"] };
const host = ts.createCompilerHost(options);
const { readFile, fileExists } = host;
host.readFile = (name) => declarations.get(name) ?? readFile(name);
host.fileExists = (name) => declarations.has(name) || fileExists(name);
host.directoryExists = () => true;
const program = ts.createProgram(
  entries.map(([, file]) => file),
  options,
  host,
);
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });
const undocumented: string[] = [];

function describe(symbol: ts.Symbol, name: string): string[] {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (target.flags & ts.SymbolFlags.ValueModule) return exportsOf(target).flatMap((inner) => describe(inner, `${name}.${inner.name}`));
  const nodes = (target.declarations ?? []).map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node));
  if (target.getDocumentationComment(checker).length === 0 && nodes.every((node) => declarations.has(node.getSourceFile().fileName))) {
    undocumented.push(name);
  }
  const renamed = name.split(".").pop() === target.name ? "" : `// exported as ${name}\n`;
  return nodes.map((node) => {
    const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
    return renamed + text.replace(/^export (default )?(declare )?|^declare /, "").replace(/^\s*private .*\n|^\s*#private;\n/gm, "");
  });
}

function exportsOf(module: ts.Symbol): ts.Symbol[] {
  return checker.getExportsOfModule(module).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const reports = new Map<string, string>();
for (const [subpath, file] of entries) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  const name = join("layerwise", subpath).replaceAll("\\", "/");
  const blocks = exportsOf(module).flatMap((symbol) => describe(symbol, symbol.name));
  reports.set(`${name.replaceAll("/", ".")}.api.md`, `# ${name}\n\n\`\`\`ts\n${blocks.join("\n\n")}\n\`\`\`\n`);
}

if (process.argv.includes("--check")) {
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const stale = [...new Set([...present, ...reports.keys()])].filter(
    (name) => !present.includes(name) || readFileSync(join(folder, name), "utf8") !== reports.get(name),
  );
  if (stale.length) console.error(`api/ is out of date (${stale.join(", ")}): run \`npm run api\` and commit what changed.`);
  if (undocumented.length) console.error(`exported without a doc comment: ${[...new Set(undocumented)].join(", ")}`);
  process.exitCode = stale.length || undocumented.length ? 1 : 0;
} else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of reports) writeFileSync(join(folder, name), text);
  console.log(`${reports.size} reports in api/; exported without a doc comment: ${[...new Set(undocumented)].join(", ") || "nothing"}`);
}
