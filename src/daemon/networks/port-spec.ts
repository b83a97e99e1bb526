/** From Docker's PortMap to the list of ports to publish. Pure. */
import { isIP } from 'node:net';
import type { PortMap } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

export interface WantedPort {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** Empty: every address of the host, IPv4 and IPv6. */
  readonly hostAddress: string;
  /** First and last acceptable port of the host; both 0: any free one. */
  readonly firstHostPort: number;
  readonly lastHostPort: number;
}

export interface PortRequest {
  readonly portBindings: PortMap;
  readonly exposedPorts: readonly string[];
  readonly publishAllPorts: boolean;
}

const maxPort = 65_535;

/** @throws WharfError 'network.config-invalid' */
export function wantedPorts(request: PortRequest): WantedPort[] {
  const wanted: WantedPort[] = [];
  for (const [key, bindings] of Object.entries(request.portBindings)) {
    const port = parsePortKey(key);
    for (const binding of bindings ?? []) {
      const hostAddress = binding.HostIp ?? '';
      if (hostAddress !== '' && isIP(hostAddress) === 0) throw invalid(`invalid IP address: ${hostAddress}`);
      wanted.push({ ...port, hostAddress, ...parseHostPort(binding.HostPort ?? '') });
    }
  }
  if (!request.publishAllPorts) return wanted;
  for (const key of request.exposedPorts) {
    const port = parsePortKey(key);
    const has = wanted.some((other) => other.protocol === port.protocol && other.containerPort === port.containerPort);
    if (!has) wanted.push({ ...port, hostAddress: '', firstHostPort: 0, lastHostPort: 0 });
  }
  return wanted;
}

/** Ports that inspect shows: exposed ones without a binding are there with null. */
export function allPortKeys(request: PortRequest): string[] {
  const keys = [...request.exposedPorts, ...Object.keys(request.portBindings)].map((key) => {
    const { containerPort, protocol } = parsePortKey(key);
    return `${containerPort}/${protocol}`;
  });
  return [...new Set(keys)].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || a.localeCompare(b));
}

/** `80`, `80/tcp`, `53/udp`. */
export function parsePortKey(key: string): { readonly protocol: PortProtocol; readonly containerPort: number } {
  const [portText = '', protocolText = 'tcp', ...rest] = key.split('/');
  const protocol = protocolText.toLowerCase();
  const containerPort = parseNumber(portText);
  if (containerPort === undefined || containerPort === 0 || rest.length > 0)
    throw invalid(`invalid port specification: "${key}"`);
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') throw invalid(`invalid proto: ${protocol}`);
  return { protocol, containerPort };
}

function parseHostPort(text: string): { readonly firstHostPort: number; readonly lastHostPort: number } {
  if (text === '') return { firstHostPort: 0, lastHostPort: 0 };
  const [firstText = '', lastText = firstText, ...rest] = text.split('-');
  const firstHostPort = parseNumber(firstText);
  const lastHostPort = parseNumber(lastText);
  if (firstHostPort === undefined || lastHostPort === undefined || rest.length > 0 || lastHostPort < firstHostPort) {
    throw invalid(`invalid port specification: "${text}"`);
  }
  return { firstHostPort, lastHostPort };
}

function parseNumber(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= maxPort ? value : undefined;
}

function invalid(message: string): WharfError {
  return new WharfError('network.config-invalid', message);
}
