import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { WharfError } from '../contract/errors.ts';

/** One container of an extension. */
export interface ServiceSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  /** `K=V`. */
  readonly environment: readonly string[];
  readonly ports: readonly PublishedPort[];
  readonly mounts: readonly ServiceMount[];
  readonly networkMode: string | undefined;
  readonly privileged: boolean;
  readonly capAdd: readonly string[];
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  /** Undefined: any free one. */
  readonly hostPort: number | undefined;
  readonly hostIp: string;
}

export interface ServiceMount {
  readonly kind: 'bind' | 'volume';
  /** Host path, or the volume's name as the file has it. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

const Words = Type.Union([Type.String(), Type.Array(Type.String())]);
const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const Service = Type.Object({
  image: Type.Optional(Type.String({ minLength: 1 })),
  build: Type.Optional(Type.Unknown()),
  command: Type.Optional(Words),
  entrypoint: Type.Optional(Words),
  environment: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Record(Type.String(), Scalar)])),
  ports: Type.Optional(
    Type.Array(
      Type.Union([
        Type.String(),
        Type.Number(),
        Type.Object({
          target: Type.Number(),
          published: Type.Optional(Type.Union([Type.String(), Type.Number()])),
          protocol: Type.Optional(Type.String()),
          host_ip: Type.Optional(Type.String()),
        }),
      ]),
    ),
  ),
  volumes: Type.Optional(
    Type.Array(
      Type.Union([
        Type.String(),
        Type.Object({
          type: Type.String(),
          source: Type.Optional(Type.String()),
          target: Type.String(),
          read_only: Type.Optional(Type.Boolean()),
        }),
      ]),
    ),
  ),
  network_mode: Type.Optional(Type.String()),
  privileged: Type.Optional(Type.Boolean()),
  cap_add: Type.Optional(Type.Array(Type.String())),
  user: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  working_dir: Type.Optional(Type.String()),
});
const ComposeFile = Type.Object({ services: Type.Record(Type.String({ pattern: '^[a-zA-Z0-9._-]+$' }), Service) });

/**
 * The part of a Compose file that extensions use. What Wharf would have to ignore to a service's harm is refused.
 *
 * @throws WharfError 'extension.invalid' that says where
 */
export function parseComposeFile(text: string): ServiceSpec[] {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw invalid(`is not valid YAML: ${cause instanceof Error ? cause.message : ''}`);
  }
  if (!Value.Check(ComposeFile, value)) {
    const first = Value.Errors(ComposeFile, value)[0];
    throw invalid(`${first?.instancePath || 'the document'} ${first?.message}`);
  }
  const services = Object.entries(value.services).map(([name, service]) => toSpec(name, service));
  if (services.length === 0) throw invalid('has no services');
  return services;
}

function toSpec(name: string, service: Static<typeof Service>): ServiceSpec {
  if (service.image === undefined) throw invalid(`services.${name} has no image; building one is not possible here`);
  return {
    name,
    image: service.image,
    command: words(service.command),
    entrypoint: words(service.entrypoint),
    environment: environment(service.environment),
    ports: (service.ports ?? []).map((port) => publishedPort(name, port)),
    mounts: (service.volumes ?? []).map((volume) => serviceMount(name, volume)),
    networkMode: service.network_mode,
    privileged: service.privileged ?? false,
    capAdd: service.cap_add ?? [],
    user: service.user === undefined ? undefined : String(service.user),
    workingDir: service.working_dir,
  };
}

// Compose splits a command given as text by shell words: quotes group, nothing is expanded.
function words(value: Static<typeof Words> | undefined): string[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  const found = value.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_all, double, single) => double ?? single ?? ''));
}

function environment(value: Static<typeof Service>['environment']): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.filter((line) => line.includes('='));
  return Object.entries(value).flatMap(([key, text]) => (text === null ? [] : [`${key}=${text}`]));
}

type PortValue = NonNullable<Static<typeof Service>['ports']>[number];

function publishedPort(service: string, value: PortValue): PublishedPort {
  const where = `services.${service}.ports`;
  if (typeof value === 'object') {
    return {
      containerPort: portNumber(String(value.target), where),
      protocol: value.protocol === 'udp' ? 'udp' : 'tcp',
      hostPort: value.published === undefined ? undefined : portNumber(String(value.published), where),
      hostIp: value.host_ip ?? '127.0.0.1',
    };
  }
  const [mapping = '', protocol = 'tcp'] = String(value).split('/', 2);
  const parts = mapping.split(':');
  const container = parts.at(-1) ?? '';
  const host = parts.length > 1 ? parts.at(-2) : undefined;
  return {
    containerPort: portNumber(container, where),
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    hostPort: host === undefined || host === '' ? undefined : portNumber(host, where),
    // Compose publishes on all addresses; an extension gets loopback unless it names one, so it is not open to the network.
    hostIp: parts.length > 2 ? parts.slice(0, -2).join(':') : '127.0.0.1',
  };
}

function portNumber(text: string, where: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw invalid(`${where}: ${text} is not a port`);
  return port;
}

type VolumeValue = NonNullable<Static<typeof Service>['volumes']>[number];

function serviceMount(service: string, value: VolumeValue): ServiceMount {
  const where = `services.${service}.volumes`;
  if (typeof value === 'object') {
    if (value.type !== 'bind' && value.type !== 'volume')
      throw invalid(`${where}: type ${value.type} is not supported`);
    if (value.source === undefined) throw invalid(`${where}: a mount at ${value.target} has no source`);
    return { kind: value.type, source: value.source, target: value.target, readOnly: value.read_only ?? false };
  }
  const [source = '', target = '', options = ''] = value.split(':');
  if (source === '' || !target.startsWith('/')) throw invalid(`${where}: ${value} is not source:/target`);
  if (source.startsWith('.') || source.startsWith('~')) {
    throw invalid(`${where}: ${value}: an extension has no folder on this machine to be relative to`);
  }
  const readOnly = options.split(',').includes('ro');
  return { kind: source.startsWith('/') ? 'bind' : 'volume', source, target, readOnly };
}

function invalid(message: string): WharfError {
  return new WharfError('extension.invalid', `the extension's Compose file: ${message}`);
}
