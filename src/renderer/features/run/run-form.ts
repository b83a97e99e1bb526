import type { ContainerCreateRequest } from '../../../contract/engine-types.ts';

export interface PortRow {
  readonly host: string;
  readonly container: string;
  readonly protocol: 'tcp' | 'udp';
}
export interface VolumeRow {
  /** A volume's name or an absolute path of this machine. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}
export interface EnvRow {
  readonly name: string;
  readonly value: string;
}

/** The run dialog as the user filled it in: text, not yet checked. */
export interface RunForm {
  readonly image: string;
  readonly name: string;
  readonly command: string;
  readonly ports: readonly PortRow[];
  readonly volumes: readonly VolumeRow[];
  readonly env: readonly EnvRow[];
  readonly network: string;
  readonly memoryMiB: string;
  readonly cpus: string;
  readonly restart: 'no' | 'on-failure' | 'unless-stopped' | 'always';
  readonly autoRemove: boolean;
  readonly interactive: boolean;
}

export const emptyForm: RunForm = {
  image: '',
  name: '',
  command: '',
  ports: [],
  volumes: [],
  env: [],
  network: 'bridge',
  memoryMiB: '',
  cpus: '',
  restart: 'no',
  autoRemove: false,
  interactive: false,
};

export type FormErrors = Partial<
  Record<'image' | 'name' | 'command' | 'ports' | 'volumes' | 'env' | 'memoryMiB' | 'cpus', string>
>;

/** Splits a command line into words as a shell would, for quotes and backslashes only. Answers undefined at an open quote. */
export function splitCommand(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote) {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && /["\\$`]/.test(text[i + 1] ?? ''))
        word = (word ?? '') + (text[++i] ?? '');
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\' && i + 1 < text.length) word = (word ?? '') + (text[++i] ?? '');
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;

/** What is wrong, field by field; empty when the form can be sent. */
export function checkForm(form: RunForm): FormErrors {
  const errors: FormErrors = {};
  if (form.image.trim() === '') errors.image = 'Name an image, for example nginx or redis:7.';
  if (form.name !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(form.name))
    errors.name = 'Letters, digits, _ . and -; at least two, starting with a letter or digit.';
  if (splitCommand(form.command) === undefined) errors.command = 'A quote is open.';
  if (form.ports.some((row) => !isPort(row.container) || (row.host !== '' && !isPort(row.host))))
    errors.ports = 'Ports are numbers from 1 to 65535; leave the host port empty for any free one.';
  if (form.volumes.some((row) => row.source === '' || !row.target.startsWith('/')))
    errors.volumes = 'Give a volume or a folder, and an absolute path in the container.';
  if (form.env.some((row) => row.name === '' || /[=\s]/.test(row.name)))
    errors.env = 'A variable needs a name without = and spaces.';
  if (form.memoryMiB !== '' && !(Number(form.memoryMiB) >= 6))
    errors.memoryMiB = 'At least 6 MiB, or empty for no limit.';
  if (form.cpus !== '' && !(Number(form.cpus) > 0)) errors.cpus = 'A number such as 0.5 or 2, or empty for no limit.';
  return errors;
}

/** The checked form as the engine's create request. */
export function toCreateRequest(form: RunForm): ContainerCreateRequest {
  const command = splitCommand(form.command) ?? [];
  const bindings = new Map<string, { HostIp: string; HostPort: string }[]>();
  for (const row of form.ports) {
    const key = `${row.container}/${row.protocol}`;
    bindings.set(key, [...(bindings.get(key) ?? []), { HostIp: '', HostPort: row.host }]);
  }
  return {
    Image: form.image.trim(),
    Cmd: command.length > 0 ? [...command] : undefined,
    Env: form.env.map((row) => `${row.name}=${row.value}`),
    Tty: form.interactive,
    OpenStdin: form.interactive,
    ExposedPorts: Object.fromEntries([...bindings.keys()].map((key) => [key, {}])),
    HostConfig: {
      Binds: form.volumes.map((row) => `${row.source}:${row.target}${row.readOnly ? ':ro' : ''}`),
      PortBindings: Object.fromEntries(bindings),
      NetworkMode: form.network,
      RestartPolicy: { Name: form.restart, MaximumRetryCount: 0 },
      AutoRemove: form.autoRemove,
      Memory: form.memoryMiB === '' ? 0 : Math.round(Number(form.memoryMiB) * 1024 * 1024),
      NanoCpus: form.cpus === '' ? 0 : Math.round(Number(form.cpus) * 1e9),
    },
  };
}
