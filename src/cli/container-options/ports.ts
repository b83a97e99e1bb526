import type { PortMap } from '../../contract/engine-types.ts';
import { parseCsvLine } from './csv-line.ts';
import { optionError } from './option-error.ts';

export interface ParsedPorts {
  readonly exposed: Record<string, Record<string, never>>;
  readonly bindings: PortMap;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Reads -p and --expose values: `[ip:][host[-last]:]port[-last][/proto]`. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): ParsedPorts {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const spec of publish) {
    for (const { key, hostIp, hostPort } of parsePublish(spec)) {
      exposed[key] = {};
      bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIp, HostPort: hostPort }];
    }
  }
  for (const spec of expose) {
    if (spec.includes(':')) throw optionError(`invalid port format for --expose: ${spec}`);
    const { ports, protocol } = splitProtocol(spec);
    const range = parseRange(ports);
    if (range === undefined) throw optionError(`invalid range format for --expose: ${spec}`);
    for (let port = range.first; port <= range.last; port += 1) exposed[`${port}/${protocol}`] = {};
  }
  return { exposed, bindings };
}

function parsePublish(given: string): { readonly key: string; readonly hostIp: string; readonly hostPort: string }[] {
  const spec = given.includes('=') ? shortForm(given) : given;
  const { ports, protocol } = splitProtocol(spec);
  const { ip, host, container } = splitAddress(ports, spec);
  const inside = parseRange(container);
  if (inside === undefined) throw optionError(`invalid containerPort: ${container}`, portHint);
  const outside = host === '' ? undefined : parseRange(host);
  if (host !== '' && outside === undefined) throw optionError(`invalid hostPort: ${host}`, portHint);
  const count = inside.last - inside.first;
  if (outside !== undefined && outside.last - outside.first !== count && count !== 0) {
    throw optionError(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  return Array.from({ length: count + 1 }, (_, index) => ({
    key: `${inside.first + index}/${protocol}`,
    hostIp: ip,
    hostPort: hostPortText(outside, count, index),
  }));
}

/** `target=80,published=8080,protocol=udp` as `8080:80/udp`; `mode` only means something in a swarm. */
function shortForm(spec: string): string {
  const fields = new Map(
    parseCsvLine(spec).map((field): [string, string] => {
      const [key = '', value = ''] = field.split('=', 2);
      return [key.trim().toLowerCase(), value.trim().toLowerCase()];
    }),
  );
  const unknown = [...fields.keys()].find((key) => !['target', 'published', 'protocol', 'mode'].includes(key));
  if (unknown !== undefined) throw optionError(`invalid field key ${unknown}`, portHint);
  const target = fields.get('target') ?? '';
  if (target === '') throw optionError(`missing mandatory field "target"`, portHint);
  const published = fields.get('published') ?? '';
  return `${published === '' ? '' : `${published}:`}${target}/${fields.get('protocol') ?? 'tcp'}`;
}

const portHint = 'A port looks like 8080:80, 127.0.0.1:8080:80 or 53:53/udp.';

/** A range of host ports for one container port is sent as a range: the engine takes the first free one. */
function hostPortText(outside: Range | undefined, count: number, index: number): string {
  if (outside === undefined) return '';
  return count === 0 && outside.last > outside.first
    ? `${outside.first}-${outside.last}`
    : String(outside.first + index);
}

function splitProtocol(spec: string): { readonly ports: string; readonly protocol: string } {
  const [ports = '', protocol = 'tcp', extra] = spec.split('/');
  const name = protocol.toLowerCase();
  if (extra !== undefined || !['tcp', 'udp', 'sctp'].includes(name))
    throw optionError(`invalid proto: ${protocol}`, portHint);
  if (ports === '') throw optionError(`no port specified: ${spec}<empty>`, portHint);
  return { ports, protocol: name };
}

function splitAddress(
  text: string,
  spec: string,
): { readonly ip: string; readonly host: string; readonly container: string } {
  const v6 = /^\[([0-9a-fA-F:.]+)\]:(.*)$/.exec(text);
  const rest = (v6 === null ? text : (v6[2] ?? '')).split(':');
  const ip = v6?.[1];
  if (ip !== undefined) {
    if (rest.length > 2) throw optionError(`invalid port specification: ${spec}`, portHint);
    return { ip, host: rest.length === 2 ? (rest[0] ?? '') : '', container: rest.at(-1) ?? '' };
  }
  const [first = '', second = '', third = ''] = rest;
  if (rest.length === 1) return { ip: '', host: '', container: first };
  if (rest.length === 2) return { ip: '', host: first, container: second };
  if (rest.length > 3 || !/^(\d{1,3}(\.\d{1,3}){3}|)$/.test(first))
    throw optionError(`invalid IP address: ${rest.slice(0, -2).join(':')}`, portHint);
  return { ip: first, host: second, container: third };
}

function parseRange(text: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first > 65_535 || last > 65_535 || last < first ? undefined : { first, last };
}
