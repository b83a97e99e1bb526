import { isBuiltin } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { emptyNames, fieldTerms, type Layer, layers, platformPlaces, testLayer } from './layers.ts';

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

const isTest = (file: string) =>
  /\.test\.tsx?$/.test(file) ||
  /-suite\.ts$/.test(file) ||
  /-test-world\.ts$/.test(file) ||
  /\/test-[^/]+\.ts$/.test(file) ||
  /\.fixture\.ts$/.test(file);

/** Whether `file` is at or below `place`; `*` in a place is one folder name. */
function isBelow(file: string, place: string): boolean {
  const wanted = place.split('/');
  const parts = file.split('/');
  return wanted.length <= parts.length && wanted.every((part, index) => part === '*' || part === parts[index]);
}

/** The most specific layer a file is in. */
export function layerOf(file: string): Layer | undefined {
  return layers
    .filter((layer) => isBelow(file, layer.path))
    .sort((a, b) => b.path.split('/').length - a.path.split('/').length)[0];
}

/** The part of a path that its layer's pattern stands for: 'src/renderer/features/run' for a file of that feature. */
function instanceOf(file: string, layer: Layer): string {
  return file.split('/').slice(0, layer.path.split('/').length).join('/');
}

/** Import and export declarations and `import()` calls with a literal. */
export function importsOf(source: ts.SourceFile): readonly Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Expression | undefined, typeOnly: boolean) => {
    if (specifier && ts.isStringLiteralLike(specifier)) {
      found.push({
        specifier: specifier.text,
        typeOnly,
        line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
      });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const allTypes =
        named !== undefined &&
        ts.isNamedImports(named) &&
        named.elements.length > 0 &&
        named.elements.every((each) => each.isTypeOnly);
      add(node, node.moduleSpecifier, clause?.isTypeOnly === true || (allTypes && clause?.name === undefined));
    } else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function checkImport(file: string, layer: Layer, each: Import): string | undefined {
  const { specifier, typeOnly } = each;
  const test = isTest(file);
  if (specifier.startsWith('.')) {
    const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier.replace(/\?.*$/, '')));
    if (isBelow(target, instanceOf(file, layer))) {
      const own = layerOf(target);
      if (own === layer || own === undefined) return undefined;
    }
    if (test && testLayer.imports.some((place) => isBelow(target, place))) return undefined;
    const allowed = [...(layer.imports ?? []), ...(typeOnly ? (layer.types ?? []) : [])];
    if (layer.path === 'src/daemon' && isBelow(target, 'src/daemon')) return undefined;
    if (allowed.some((place) => isBelow(target, place))) return undefined;
    return `${layer.path} may not import ${typeOnly ? 'types from ' : ''}${target}`;
  }
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `write node:${specifier}`;
    return layer.node || test ? undefined : `${layer.path} may not use Node (${specifier})`;
  }
  const packages = [...(layer.packages ?? []), ...(test ? testLayer.packages : [])];
  if (packages.some((name) => specifier === name || specifier.startsWith(`${name}/`))) return undefined;
  if (/\.css$/.test(specifier) && isBelow(file, 'src/renderer')) return undefined;
  return `${layer.path} may not use the package ${specifier}`;
}

/** All findings in one file; `file` is relative to the project with forward slashes. */
export function checkFile(file: string, text: string): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (line: number, message: string) => findings.push({ file, line, message });
  const name = path.posix.basename(file).split('.')[0] ?? '';
  const words = fieldTerms.reduce((left, term) => left.replace(term, ''), name).split('-');
  for (const word of words) {
    if (emptyNames.some((empty) => empty === word)) add(1, `a file named "${word}" does not say what it holds`);
  }
  const layer = layerOf(file);
  if (!layer) {
    add(1, 'this file is in no layer: add its folder to tools/architecture-lint/layers.ts');
    return findings;
  }
  const source = ts.createSourceFile(
    file,
    text,
    ts.ScriptTarget.Latest,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  for (const each of importsOf(source)) {
    const message = checkImport(file, layer, each);
    if (message) add(each.line, message);
  }
  if (!isTest(file) && !platformPlaces.some((place) => isBelow(file, place))) {
    text.split('\n').forEach((line, index) => {
      if (/\bprocess\.platform\b/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)) {
        add(index + 1, `process.platform belongs into ${platformPlaces.join(' or ')}`);
      }
    });
  }
  return findings;
}
