import { WharfError } from '../../contract/errors.ts';
import type { ImageRunConfig } from './image-service.ts';

type Healthcheck = NonNullable<ImageRunConfig['Healthcheck']>;

const nanosecondsBy: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const durations: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/**
 * The Dockerfile's `HEALTHCHECK [--interval=30s ...] CMD line` or `HEALTHCHECK NONE`. Pure.
 * @param text what follows the word HEALTHCHECK
 * @param words reads the exec form; undefined for the shell form
 * @throws WharfError 'request.invalid' in Docker's words
 */
export function healthcheckOf(text: string, words: (text: string) => readonly string[] | undefined): Healthcheck {
  let rest = text;
  const check: { -readonly [K in keyof Healthcheck]: Healthcheck[K] } = {};
  for (let flag = leadingFlag(rest); flag !== undefined; flag = leadingFlag(rest)) {
    rest = rest.slice(flag.length).trimStart();
    setFlag(check, flag.name, flag.value);
  }
  const [kind = ''] = rest.split(/\s/);
  const command = rest.slice(kind.length).trim();
  if (kind.toUpperCase() === 'NONE') {
    if (command !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  if (kind.toUpperCase() !== 'CMD') throw invalid(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
  if (command === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const list = words(command);
  return { ...check, Test: list ? ['CMD', ...list] : ['CMD-SHELL', command] };
}

function leadingFlag(
  text: string,
): { readonly name: string; readonly value: string; readonly length: number } | undefined {
  const match = /^--([a-z-]+)=(\S+)/.exec(text);
  return match ? { name: match[1] ?? '', value: match[2] ?? '', length: match[0].length } : undefined;
}

function setFlag(check: { -readonly [K in keyof Healthcheck]: Healthcheck[K] }, name: string, value: string): void {
  if (name === 'retries') {
    if (!/^\d{1,9}$/.test(value)) throw invalid(`invalid value for --retries: ${value}`);
    check.Retries = Number(value);
    return;
  }
  const field = durations[name];
  if (field === undefined) throw invalid(`unknown flag: --${name}`);
  check[field] = nanoseconds(name, value);
}

function nanoseconds(name: string, text: string): number {
  if (!/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(text)) throw invalid(`time: invalid duration ${JSON.stringify(text)}`);
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)) {
    total += Number(number) * (nanosecondsBy[unit ?? ''] ?? 0);
  }
  if (total !== 0 && total < 1e6) throw invalid(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return total;
}

function invalid(message: string): WharfError {
  return new WharfError('request.invalid', message);
}
