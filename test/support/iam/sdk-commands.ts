import { join, relative } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '../../..');

/** A command of an AWS SDK client, such as `sqs SendMessageBatch`, with the name of the client's package. */
export interface SdkCommand {
  readonly command: string;
  /** The file and line of each place that can send it. */
  readonly at: readonly string[];
}

/**
 * Every AWS SDK command that a file or its direct and indirect imports can send. The compiler resolves each name, so
 * aliases do not matter: a command's class, a paginator, a waiter, or a method of a client that has one per command.
 *
 * @param entries paths in the repository
 * @param sources source code that replaces files, for tests
 * @throws an error naming an SDK package whose commands cannot be determined
 */
export function sdkCommandsOf(
  entries: readonly string[],
  sources: Readonly<Record<string, string>> = {},
): SdkCommand[] {
  const program = programOf(entries, sources);
  const checker = program.getTypeChecker();
  const places = new Map<string, Set<string>>();
  const found = (command: string, node: ts.Node): void => {
    const file = node.getSourceFile();
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    const at = places.get(command) ?? new Set();
    places.set(command, at.add(`${relative(root, file.fileName)}:${line + 1}`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isInType(node)) {
      const command = commandOf(symbolAt(node, checker));
      if (command !== undefined) found(command, node);
    }
    if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
      const type = checker.getTypeAtLocation(node.expression);
      const command = commandOf(type.getProperty(node.argumentExpression.text));
      if (command !== undefined) found(command, node);
    }
    if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      const name = node.propertyName ?? node.name;
      const type = checker.getTypeAtLocation(node.parent);
      const command = ts.isIdentifier(name) ? commandOf(type.getProperty(name.text)) : undefined;
      if (command !== undefined) found(command, node);
    }
    if (ts.isStringLiteralLike(node) && isSpecifier(node)) refuseUnknownPackage(node.text);
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) {
    if (!file.fileName.includes('/node_modules/') && !file.isDeclarationFile) visit(file);
  }
  return [...places]
    .map(([command, at]) => ({ command, at: [...at].sort() }))
    .sort((one, other) => one.command.localeCompare(other.command, 'en'));
}

/** The SDK's declarations are thousands of files that do not change during a test. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function programOf(entries: readonly string[], sources: Readonly<Record<string, string>>): ts.Program {
  const path = join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  // Most of the text in the SDK's declarations is comments.
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseNone;
  const given = new Map(Object.entries(sources).map(([name, text]) => [join(root, name), text]));
  host.fileExists = (file) => given.has(file) || ts.sys.fileExists(file);
  host.readFile = (file) => given.get(file) ?? ts.sys.readFile(file);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, version, ...rest) => {
    const text = given.get(file);
    if (text !== undefined) return ts.createSourceFile(file, text, version);
    const source = parsed.get(file) ?? getSourceFile(file, version, ...rest);
    parsed.set(file, source);
    return source;
  };
  return ts.createProgram(
    entries.map((entry) => join(root, entry)),
    // Node's types are enough; jest's are large.
    { ...options, types: ['node'] },
    host,
  );
}

/** The symbol of an identifier, resolved through imports and aliases. */
function symbolAt(node: ts.Identifier, checker: ts.TypeChecker): ts.Symbol | undefined {
  const symbol = checker.getSymbolAtLocation(node);
  return symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
    ? checker.getAliasedSymbol(symbol)
    : symbol;
}

function isInType(node: ts.Node): boolean {
  return (
    ts.isPartOfTypeNode(node) ||
    ts.findAncestor(node, (each) => ts.isImportDeclaration(each) || ts.isExportDeclaration(each)) !==
      undefined
  );
}

/** The command that a symbol declared by a client's package sends, if any. */
function commandOf(symbol: ts.Symbol | undefined): string | undefined {
  const declaration = symbol?.declarations?.[0];
  if (symbol === undefined || declaration === undefined) return undefined;
  const file = declaration.getSourceFile().fileName;
  const [, client, path = ''] = /\/node_modules\/@aws-sdk\/client-([a-z0-9-]+)\/(.+)$/.exec(file) ?? [];
  if (client === undefined) return undefined;
  const [, name] =
    (/\/commands\/\w+Command\.d\.ts$/.test(path) ? /^(\w+)Command$/.exec(symbol.name) : null) ??
    (path.includes('/pagination/') ? /^paginate(\w+)$/.exec(symbol.name) : null) ??
    (path.includes('/waiters/') ? /^(waitUntil\w+|waitFor\w+)$/.exec(symbol.name) : null) ??
    // The client with a method per command.
    (/^dist-types\/\w+\.d\.ts$/.test(path) && ts.isMethodSignature(declaration)
      ? /^(\w+)$/.exec(symbol.name)
      : null) ??
    [];
  return name === undefined ? undefined : `${client} ${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function isSpecifier({ parent }: ts.Node): boolean {
  return (
    ts.isImportDeclaration(parent) ||
    ts.isExportDeclaration(parent) ||
    (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword)
  );
}

function refuseUnknownPackage(specifier: string): void {
  if (!/^(@aws-sdk\/|@smithy\/|aws-sdk)/.test(specifier)) return;
  if (/^@aws-sdk\/client-[a-z0-9-]+$/.test(specifier)) return;
  throw new Error(`cannot determine which commands ${specifier} sends`);
}
