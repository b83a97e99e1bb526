/** `2024-05-01 10:20:30 +0200 CEST`, as Go prints a time: lists show it as CreatedAt. */
export function goTime(ms: number): string {
  const date = new Date(ms);
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)} ${zone} ${zoneName(date, zone)}`;
}

/** The same of an RFC 3339 text, whose fraction Go prints as well. */
export function goTimeOf(text: string): string {
  const fraction = /\.(\d+)/.exec(text)?.[1]?.replace(/0+$/, '') ?? '';
  const shown = goTime(Date.parse(text));
  return fraction === '' ? shown : shown.replace(/(:\d\d) /, `$1.${fraction} `);
}

/** `2024-05-01T10:20:30+02:00`, as `docker history` prints it. */
export function goRfc3339(ms: number): string {
  const date = new Date(ms);
  const offset = -date.getTimezoneOffset();
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  if (offset === 0) return `${day}T${clock(date)}Z`;
  const sign = offset < 0 ? '-' : '+';
  return `${day}T${clock(date)}${sign}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zoneName(date: Date, fallback: string): string {
  if (date.getTimezoneOffset() === 0) return 'UTC';
  const part = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName');
  return part === undefined || part.value.startsWith('GMT') ? fallback : part.value;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
