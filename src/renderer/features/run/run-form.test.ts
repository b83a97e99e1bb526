import { expect, test } from 'vitest';
import { checkForm, emptyForm, splitCommand, toCreateRequest } from './run-form.ts';

test('a command line is split as a shell would, quotes kept together', () => {
  expect(splitCommand(`sh -c "echo 'a b' \\"c\\"" '' x\\ y`)).toEqual(['sh', '-c', `echo 'a b' "c"`, '', 'x y']);
});

test('an open quote is an error, not a guess', () => {
  expect(splitCommand('echo "half')).toBeUndefined();
  expect(checkForm({ ...emptyForm, image: 'busybox', command: "echo 'half" }).command).toBeDefined();
});

test('an empty form lacks only its image', () => {
  expect(Object.keys(checkForm(emptyForm))).toEqual(['image']);
});

test('bad ports, volumes, names and limits are named at their field', () => {
  const errors = checkForm({
    ...emptyForm,
    image: 'x',
    name: '-bad',
    ports: [{ host: '99999', container: '80', protocol: 'tcp' }],
    volumes: [{ source: 'data', target: 'relative', readOnly: false }],
    env: [{ name: 'A B', value: '' }],
    memoryMiB: '1',
    cpus: 'many',
  });
  expect(Object.keys(errors).sort()).toEqual(['cpus', 'env', 'memoryMiB', 'name', 'ports', 'volumes']);
});

test('the request carries ports, volumes, environment and limits in the engine’s units', () => {
  const request = toCreateRequest({
    ...emptyForm,
    image: ' nginx ',
    command: 'nginx -g "daemon off;"',
    ports: [
      { host: '8080', container: '80', protocol: 'tcp' },
      { host: '', container: '80', protocol: 'tcp' },
    ],
    volumes: [{ source: 'data', target: '/data', readOnly: true }],
    env: [{ name: 'A', value: 'b=c' }],
    memoryMiB: '64',
    cpus: '0.5',
    restart: 'always',
  });
  expect(request).toMatchObject({
    Image: 'nginx',
    Cmd: ['nginx', '-g', 'daemon off;'],
    Env: ['A=b=c'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      Binds: ['data:/data:ro'],
      PortBindings: { '80/tcp': [{ HostPort: '8080' }, { HostPort: '' }] },
      Memory: 64 * 1024 * 1024,
      NanoCpus: 500_000_000,
      RestartPolicy: { Name: 'always' },
    },
  });
});

test('without a command the image’s own is kept', () => {
  expect(toCreateRequest({ ...emptyForm, image: 'x' }).Cmd).toBeUndefined();
});
