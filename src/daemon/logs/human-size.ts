/**
 * Sizes as Docker's options have them: `10m`, `1.5 GB`, `64KiB`. The caller says what a kilobyte is: 1000 for log files of
 * json-file, 1024 for everything of local.
 * @throws Error in the words of Docker's go-units
 */
export function parseHumanSize(text: string, kilo: 1000 | 1024): number {
  const [, number = '', gap = '', suffix = ''] = /^(.*[0-9.])( ?)([^0-9. ]*)$/s.exec(text) ?? [];
  if (number === '' && gap === '') throw new Error(`invalid size: '${text}'`);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(number)) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  const value = Number(number);
  if (value < 0) throw new Error(`invalid size: '${text}'`);
  const unit = suffix.toLowerCase();
  if (unit === '' || unit === 'b') return Math.trunc(value);
  const power = /^[kmgtp](b|ib)?$/.test(unit) ? 'kmgtp'.indexOf(unit.charAt(0)) + 1 : 0;
  if (power === 0) throw new Error(`invalid suffix: '${unit}'`);
  return Math.trunc(value * kilo ** power);
}
