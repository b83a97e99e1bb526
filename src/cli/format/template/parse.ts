import { lexTemplate, type Piece, type Token } from './lex.ts';
import { TemplateError } from './template-error.ts';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** `$i, $v := a | b c`: commands piped into each other, perhaps kept in variables. */
export interface Pipe {
  readonly variables: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}
export type Command = readonly Operand[];
export type Operand =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] };

/** @throws TemplateError */
export function parseTemplate(source: string): readonly Node[] {
  const reader = new NodeReader(lexTemplate(source));
  const { nodes, ended } = reader.readBlock(false);
  if (ended !== 'source') throw new TemplateError(`unexpected {{${ended}}}`);
  return nodes;
}

type BlockEnd = 'source' | 'end' | 'else';

class NodeReader {
  readonly #pieces: readonly Piece[];
  #index = 0;
  /** The tokens after `else` (`else if ...`), for the caller that handles it. */
  #elseTokens: readonly Token[] = [];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  readBlock(nested: boolean): { readonly nodes: Node[]; readonly ended: BlockEnd } {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#index];
      this.#index += 1;
      if (piece === undefined) {
        if (nested) throw new TemplateError('unexpected EOF: {{end}} is missing');
        return { nodes, ended: 'source' };
      }
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const [first, ...rest] = piece.tokens;
      if (first === undefined) throw new TemplateError('missing value for command');
      const word = first.kind === 'word' ? first.text : '';
      if (word === 'end' || word === 'else') {
        this.#elseTokens = rest;
        return { nodes, ended: word };
      }
      if (word === 'if' || word === 'with' || word === 'range') nodes.push(this.#readControl(word, rest));
      else nodes.push({ kind: 'print', pipe: parsePipe(piece.tokens) });
    }
  }

  #readControl(kind: 'if' | 'with' | 'range', tokens: readonly Token[]): Node {
    const pipe = parsePipe(tokens);
    const { nodes: body, ended } = this.readBlock(true);
    if (ended !== 'else') return { kind, pipe, body, otherwise: [] };
    const [next, ...rest] = this.#elseTokens;
    // `else if` shares the {{end}} of the outer `if`.
    if (next?.kind === 'word' && (next.text === 'if' || next.text === 'with')) {
      return { kind, pipe, body, otherwise: [this.#readControl(next.text, rest)] };
    }
    const { nodes: otherwise, ended: last } = this.readBlock(true);
    if (last !== 'end') throw new TemplateError('expected {{end}} after {{else}}');
    return { kind, pipe, body, otherwise };
  }
}

function parsePipe(tokens: readonly Token[]): Pipe {
  const cursor = { tokens, index: 0 };
  const pipe = readPipe(cursor);
  if (cursor.index < tokens.length) throw new TemplateError('unexpected ")" in command');
  return pipe;
}

interface Cursor {
  readonly tokens: readonly Token[];
  index: number;
}

function readPipe(cursor: Cursor): Pipe {
  const { variables, declares } = readVariables(cursor);
  const commands: Operand[][] = [[]];
  for (;;) {
    const token = cursor.tokens[cursor.index];
    if (token === undefined || (token.kind === 'symbol' && token.text === ')')) break;
    cursor.index += 1;
    if (token.kind === 'symbol' && token.text === '|') {
      commands.push([]);
      continue;
    }
    commands.at(-1)?.push(readOperand(token, cursor));
  }
  if (commands.some((command) => command.length === 0)) throw new TemplateError('missing value for command');
  return { variables, declares, commands };
}

function readVariables(cursor: Cursor): { readonly variables: string[]; readonly declares: boolean } {
  const names: string[] = [];
  let index = cursor.index;
  for (;;) {
    const token = cursor.tokens[index];
    const mark = cursor.tokens[index + 1];
    if (token?.kind !== 'variable' || mark?.kind !== 'symbol') return { variables: [], declares: false };
    names.push(token.name);
    index += 2;
    if (mark.text === ':=' || mark.text === '=') {
      cursor.index = index;
      return { variables: names, declares: mark.text === ':=' };
    }
    if (mark.text !== ',') return { variables: [], declares: false };
  }
}

const constants: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };

function readOperand(token: Token, cursor: Cursor): Operand {
  switch (token.kind) {
    case 'field':
      return { kind: 'field', path: token.path };
    case 'dot':
      return { kind: 'dot' };
    case 'variable':
      return { kind: 'variable', name: token.name, path: readTail(cursor) };
    case 'string':
    case 'number':
      return { kind: 'literal', value: token.value };
    case 'word': {
      const constant = Object.hasOwn(constants, token.text) ? constants[token.text] : undefined;
      return constant === undefined ? { kind: 'function', name: token.text } : { kind: 'literal', value: constant };
    }
    case 'symbol': {
      if (token.text !== '(') throw new TemplateError(`unexpected ${JSON.stringify(token.text)} in command`);
      const pipe = readPipe(cursor);
      const close = cursor.tokens[cursor.index];
      if (close?.kind !== 'symbol' || close.text !== ')') throw new TemplateError('unclosed left paren');
      cursor.index += 1;
      return { kind: 'pipe', pipe, path: readTail(cursor) };
    }
  }
}

/** Fields written directly after a variable or a closing parenthesis. */
function readTail(cursor: Cursor): readonly string[] {
  const next = cursor.tokens[cursor.index];
  if (next?.kind !== 'field') return [];
  cursor.index += 1;
  return next.path;
}
