/** A run of text with one look. Colours are token names or CSS colours; undefined is the default. */
export interface AnsiSpan {
  readonly text: string;
  readonly colour: string | undefined;
  readonly background: string | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
}

const palette = ['#64788a', '#d9564c', '#2f9e64', '#b9851a', '#3f83d6', '#a566c9', '#1a9298', '#8497a4'] as const;
const bright = ['#7d90a0', '#ef6f65', '#3fb87a', '#d39c2c', '#5d9cec', '#bb82de', '#2fb0b6', '#a9b9c4'] as const;

type Look = Omit<AnsiSpan, 'text'>;
const plain: Look = {
  colour: undefined,
  background: undefined,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
};

/** 0..255 of the extended palette to a CSS colour. */
function extended(index: number): string {
  if (index < 8) return palette[index] ?? '#888';
  if (index < 16) return bright[index - 8] ?? '#888';
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}

/** Reads `38;5;n` and `38;2;r;g;b`; answers the colour and how many codes it took. */
function longColour(codes: readonly number[], at: number): { colour: string | undefined; used: number } {
  if (codes[at + 1] === 5) return { colour: extended(codes[at + 2] ?? 0), used: 2 };
  if (codes[at + 1] === 2)
    return { colour: `rgb(${codes[at + 2] ?? 0} ${codes[at + 3] ?? 0} ${codes[at + 4] ?? 0})`, used: 4 };
  return { colour: undefined, used: 0 };
}

function applyCodes(look: Look, codes: readonly number[]): Look {
  let next: Look = look;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) next = plain;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 3) next = { ...next, italic: true };
    else if (code === 4) next = { ...next, underline: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 23) next = { ...next, italic: false };
    else if (code === 24) next = { ...next, underline: false };
    else if (code >= 30 && code <= 37) next = { ...next, colour: palette[code - 30] };
    else if (code >= 90 && code <= 97) next = { ...next, colour: bright[code - 90] };
    else if (code >= 40 && code <= 47) next = { ...next, background: palette[code - 40] };
    else if (code === 39) next = { ...next, colour: undefined };
    else if (code === 49) next = { ...next, background: undefined };
    else if (code === 38 || code === 48) {
      const { colour, used } = longColour(codes, i);
      next = code === 38 ? { ...next, colour } : { ...next, background: colour };
      i += used;
    }
  }
  return next;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
const escapeCodes = /\u001b(?:\[([0-9;]*)m|\[[0-9;?]*[A-Za-z]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Z0-9])/g;

/** Splits a line at its colour codes; cursor movements and titles are dropped. */
export function ansiSpans(line: string): readonly AnsiSpan[] {
  if (!line.includes('\u001b')) return line === '' ? [] : [{ text: line, ...plain }];
  const spans: AnsiSpan[] = [];
  let look = plain;
  let from = 0;
  for (const match of line.matchAll(escapeCodes)) {
    if (match.index > from) spans.push({ text: line.slice(from, match.index), ...look });
    if (match[1] !== undefined) look = applyCodes(look, match[1] === '' ? [0] : match[1].split(';').map(Number));
    from = match.index + match[0].length;
  }
  if (from < line.length) spans.push({ text: line.slice(from), ...look });
  return spans;
}

/** The line as plain text, for searching and saving. */
export function stripAnsi(line: string): string {
  return line.includes('\u001b') ? line.replace(escapeCodes, '') : line;
}
