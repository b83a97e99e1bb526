const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 1234567 -> "1.23 MB": base 1000, three significant digits, as the docker CLI shows sizes. */
export function bytes(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count) || count < 0) return '–';
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** 0.1234 -> "12.3 %" of one core and so on. */
export function percent(ratio: number | undefined): string {
  if (ratio === undefined || !Number.isFinite(ratio)) return '–';
  const value = ratio * 100;
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} %`;
}
