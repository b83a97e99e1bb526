import { TemplateError } from './template-error.ts';

/** A template is text and actions; an action is a list of tokens. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[] };

export type Token =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'symbol'; readonly text: '(' | ')' | '|' | ',' | ':=' | '=' };

/** Cuts a template into text and actions; `{{-` and `-}}` trim the space beside them, comments vanish. */
export function lexTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = source;
  let trimNext = false;
  for (;;) {
    const open = rest.indexOf('{{');
    const text = open < 0 ? rest : rest.slice(0, open);
    const trimEnd = open >= 0 && /^\{\{-[\s]/.test(rest.slice(open, open + 4));
    let shown = trimNext ? text.trimStart() : text;
    if (trimEnd) shown = shown.trimEnd();
    if (shown !== '') pieces.push({ kind: 'text', text: shown });
    if (open < 0) return pieces;
    const body = rest.slice(open + (trimEnd ? 3 : 2));
    const close = actionEnd(body);
    let action = body.slice(0, close);
    trimNext = /\s-$/.test(action);
    if (trimNext) action = action.slice(0, -1);
    rest = body.slice(close + 2);
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(action)) pieces.push({ kind: 'action', tokens: lexAction(action) });
  }
}

/** Where the `}}` of an action is, quotes skipped. */
function actionEnd(body: string): number {
  let quote = '';
  for (let index = 0; index < body.length; index += 1) {
    const character = body[index] ?? '';
    if (quote !== '') {
      if (character === '\\' && quote === '"') index += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === '`') quote = character;
    else if (body.startsWith('}}', index)) return index;
  }
  throw new TemplateError('unclosed action');
}

const tokenPattern =
  /\s+|(?<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<number>-?\d+(?:\.\d+)?)|(?<variable>\$[A-Za-z0-9_]*)(?<tail>(?:\.[A-Za-z_][\w]*)*)|(?<field>(?:\.[A-Za-z_]\w*)+)|(?<dot>\.)|(?<symbol>:=|[()|,=])|(?<word>[A-Za-z_]\w*)/y;

function lexAction(action: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < action.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(action);
    if (match === null)
      throw new TemplateError(
        `unexpected ${JSON.stringify(action.slice(at, at + 1))} in ${JSON.stringify(action.trim())}`,
      );
    const groups = match.groups ?? {};
    if (groups.string !== undefined) tokens.push({ kind: 'string', value: unquote(groups.string) });
    else if (groups.number !== undefined) tokens.push({ kind: 'number', value: Number(groups.number) });
    else if (groups.variable !== undefined) {
      tokens.push({ kind: 'variable', name: groups.variable });
      if (groups.tail !== undefined && groups.tail !== '') tokens.push({ kind: 'field', path: fieldPath(groups.tail) });
    } else if (groups.field !== undefined) tokens.push({ kind: 'field', path: fieldPath(groups.field) });
    else if (groups.dot !== undefined) tokens.push({ kind: 'dot' });
    else if (groups.word !== undefined) tokens.push({ kind: 'word', text: groups.word });
    else if (isSymbol(groups.symbol)) tokens.push({ kind: 'symbol', text: groups.symbol });
  }
  return tokens;
}

function fieldPath(text: string): string[] {
  return text.slice(1).split('.');
}

function isSymbol(text: string | undefined): text is '(' | ')' | '|' | ',' | ':=' | '=' {
  return text === '(' || text === ')' || text === '|' || text === ',' || text === ':=' || text === '=';
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"' };

function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole);
}
