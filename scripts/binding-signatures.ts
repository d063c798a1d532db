/** What `binding.d.ts` promises about each export, read by the TypeScript compiler. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export interface Signature {
  /** How many arguments must be given; the others are optional. */
  readonly required: number;
  /** How many there can be; Infinity for a rest parameter. */
  readonly total: number;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

/** Signatures of the interface `Binding`, by name. */
export function signatures(): Map<string, Signature> {
  const file = join(dirname(dirname(fileURLToPath(import.meta.url))), "binding.d.ts");
  const program = ts.createProgram([file], {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts"],
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const declaration = source?.statements.find(
    (s): s is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(s) && s.name.text === "Binding",
  );
  if (!declaration) throw new Error(`no interface Binding in ${file}`);
  const out = new Map<string, Signature>();
  for (const property of checker.getTypeAtLocation(declaration).getProperties()) {
    const [signature] = checker.getTypeOfSymbolAtLocation(property, declaration).getCallSignatures();
    if (!signature) continue;
    const described = signature.parameters.map((parameter) => {
      const node = parameter.valueDeclaration as ts.ParameterDeclaration;
      const type = checker.typeToString(checker.getTypeOfSymbolAtLocation(parameter, declaration)).replace("<ArrayBufferLike>", "");
      return { name: parameter.name, type, optional: node.questionToken !== undefined, rest: node.dotDotDotToken !== undefined };
    });
    out.set(property.name, {
      required: described.filter(({ optional, rest }) => !optional && !rest).length,
      total: described.some(({ rest }) => rest) ? Number.POSITIVE_INFINITY : described.length,
      parameters: described.map(({ name, type }) => ({ name, type })),
    });
  }
  return out;
}
