/** Sizes as docker prints and reads them (go-units). */

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** `12.3MB`, base 1000; docker uses 3 digits in lists and 4 in sums. */
export function humanSize(bytes: number, digits = 4): string {
  return scaled(bytes, digits, 1000, decimalUnits);
}

/** `1.5MiB`, base 1024, 4 digits. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 4, 1024, binaryUnits);
}

function scaled(bytes: number, digits: number, base: number, units: readonly string[]): string {
  let value = bytes;
  let index = 0;
  while (value >= base && index < units.length - 1) {
    value /= base;
    index += 1;
  }
  return `${formatG(value, digits)}${units[index] ?? ''}`;
}

/** C's %g with a number of digits: no trailing zeros, an exponent when the number needs more digits than given. */
export function formatG(value: number, digits: number): string {
  const [mantissa = '0', exponent] = value.toPrecision(digits).split('e');
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent === undefined) return trimmed;
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${trimmed}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}

/** Bytes of `512`, `64k`, `1.5g`, `2GiB`: suffixes are powers of 1024, as docker reads memory sizes. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+) ?(?:([kmgtp])i?b?|b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : 'kmgtp'.indexOf(match[2].toLowerCase()) + 1;
  return Math.floor(Number(match[1]) * 1024 ** power);
}
