import { describe, expect, it, test } from 'vitest';
import { parseHumanSize } from './human-size.ts';
import { type LogSubject, logAttributes } from './log-attributes.ts';
import { checkLogConfig, logStorage } from './log-config.ts';

const log = (type: string, config: Record<string, string> = {}) => ({ type, config });

describe('at create', () => {
  it.each([
    ['json-file', { foo: 'x' }, "unknown log opt 'foo' for json-file log driver"],
    ['local', { labels: 'x' }, "unknown log opt 'labels' for log driver local"],
    ['json-file', { mode: 'x' }, 'logger: logging mode not supported: x'],
    [
      'json-file',
      { mode: 'non-blocking', 'max-buffer-size': 'x' },
      "error parsing option max-buffer-size: invalid size: 'x'",
    ],
    ['local', { 'max-buffer-size': '1m' }, "logger: max-buffer-size option is only supported with 'mode=non-blocking'"],
    ['xyz', {}, 'error looking up logging plugin xyz: plugin "xyz" not found'],
    ['syslog', {}, "logger: no log driver named 'syslog' is registered"],
  ])('%s with %j is refused', (type, config, message) => {
    expect(() => checkLogConfig(log(type, config))).toThrow(expect.objectContaining({ message, status: 400 }));
  });

  it('takes everything without a driver, and the options of any driver', () => {
    checkLogConfig(log('none', { foo: 'x', mode: 'y' }));
    checkLogConfig(
      log('json-file', { mode: 'non-blocking', 'max-buffer-size': '4m', 'cache-disabled': 'true', tag: 'x' }),
    );
  });
});

describe('at start', () => {
  it.each([
    ['json-file', { 'max-size': 'x' }, "invalid size: 'x'"],
    ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
    ['json-file', { 'max-file': 'x' }, 'strconv.Atoi: parsing "x": invalid syntax'],
    ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
    ['json-file', { compress: 'x' }, 'strconv.ParseBool: parsing "x": invalid syntax'],
    [
      'json-file',
      { compress: 'true', 'max-size': '1m' },
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    ],
    ['local', { 'max-size': 'x' }, "invalid value for max-size: x: invalid size: 'x'"],
    ['local', { 'max-file': '1' }, 'compression cannot be enabled when max file count is 1'],
    ['local', { compress: 'x' }, 'error reading compress log option: strconv.ParseBool: parsing "x": invalid syntax'],
  ])('%s with %j is refused', (type, config, why) => {
    const message = `failed to create task for container: failed to initialize logging driver: ${why}`;
    expect(() => logStorage(log(type, config))).toThrow(expect.objectContaining({ message, status: 500 }));
  });

  it('says what is kept', () => {
    const files = (type: string, config = {}) => logStorage(log(type, config));
    expect(files('json-file')).toEqual({
      kind: 'files',
      retention: { maxBytes: undefined, maxFiles: 1, compress: false },
    });
    expect(files('json-file', { 'max-size': '10k', 'max-file': '3', compress: 'true' })).toEqual({
      kind: 'files',
      retention: { maxBytes: 10_000, maxFiles: 3, compress: true },
    });
    expect(files('local')).toEqual({
      kind: 'files',
      retention: { maxBytes: 20 * 1024 ** 2, maxFiles: 5, compress: true },
    });
    expect(files('none', { 'max-size': 'x' })).toEqual({ kind: 'none' });
  });
});

test.each([
  ['10', 10],
  ['10k', 10_000],
  ['1.5 MB', 1_500_000],
  ['2GiB', 2_000_000_000],
  ['7b', 7],
])('%s is %d bytes', (text, bytes) => expect(parseHumanSize(text, 1000)).toBe(bytes));

test.each([
  ['-1', "invalid size: '-1'"],
  ['10x', "invalid suffix: 'x'"],
  ['1kbb', "invalid suffix: 'kbb'"],
  ['', "invalid size: ''"],
])('%j is no size', (text, message) => expect(() => parseHumanSize(text, 1000)).toThrow(message));

describe('attributes', () => {
  const subject: LogSubject = {
    id: 'abcdef0123456789',
    name: 'web',
    imageId: 'sha256:0123456789abcdef',
    image: 'busybox',
    labels: { a: '1', b: '2 &', c: '3' },
    env: ['FOO=f', 'QUX=q=1', 'Z=1'],
    daemonName: 'wharf',
  };
  const of = (config: Record<string, string>) => logAttributes(subject, log('json-file', config));

  it('are chosen by name and expression, sorted and escaped', () => {
    expect(of({ labels: 'a,b,zz', env: 'FOO,BAR', tag: 't/{{.Name}}x', 'env-regex': '^Q' })).toBe(
      'FOO=f,QUX=q%3D1,a=1,b=2+%26,tag=t%2Fwebx',
    );
    expect(of({ tag: '{{.ImageName}}/{{ .ID }}/{{.ImageID}}' })).toBe('tag=busybox%2Fabcdef012345%2F0123456789ab');
    expect(of({})).toBe('');
    expect(logAttributes(subject, log('local'))).toBe('');
  });

  it.each([
    [{ 'labels-regex': '(' }, 'error parsing regexp: missing closing ): `(`'],
    [{ tag: '{{.X}}' }, 'executing "log-tag" at <.X>: can\'t evaluate field X in type *logger.Info'],
    [{ tag: '{{.' }, 'template: log-tag:1: '],
  ])('%j is refused', (config, message) => expect(() => of(config)).toThrow(message));
});
