import { expect, test } from 'vitest';
import { LogLines, linesMax } from './log-lines.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('lines cut anywhere by chunks come out whole, each stream by itself', () => {
  const log = new LogLines();
  log.push('stdout', bytes('2026-11-22T10:00:00.1Z hel'));
  log.push('stderr', bytes('2026-11-22T10:00:00.2Z oops\n'));
  log.push('stdout', bytes('lo\n'));
  expect(log.lines.map(({ stream, text, timestamp }) => [stream, text, timestamp])).toEqual([
    ['stderr', 'oops', '2026-11-22T10:00:00.2Z'],
    ['stdout', 'hello', '2026-11-22T10:00:00.1Z'],
  ]);
});

test('a character cut in the middle of its bytes is put together again', () => {
  const log = new LogLines();
  const all = bytes('naïve\n');
  log.push('stdout', all.slice(0, 3));
  log.push('stdout', all.slice(3));
  expect(log.lines[0]?.text).toBe('naïve');
});

test('a line rewritten by carriage returns shows its last state', () => {
  const log = new LogLines();
  log.push('stdout', bytes('10%\r50%\r100%\r\n'));
  expect(log.lines[0]?.text).toBe('100%');
});

test('a last line without an end shows when the output ends', () => {
  const log = new LogLines();
  log.push('stdout', bytes('prompt> '));
  expect(log.lines).toHaveLength(0);
  log.finish();
  expect(log.lines[0]?.text).toBe('prompt> ');
});

test('only the newest lines are kept, and they keep their numbers', () => {
  const log = new LogLines();
  log.push('stdout', bytes('x\n'.repeat(linesMax + 5)));
  expect(log.lines).toHaveLength(linesMax);
  expect(log.lines[0]?.number).toBe(6);
});
