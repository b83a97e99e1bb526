/** The options of bridge networks, as Docker names, parses and refuses them. Pure. */
import { isIP } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import { parseFlag } from './network-definition.ts';
import type { NetworkRecord } from './network-store.ts';

export const bridgeOptions = {
  name: 'com.docker.network.bridge.name',
  interContainer: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  defaultBridge: 'com.docker.network.bridge.default_bridge',
  gatewayMode4: 'com.docker.network.bridge.gateway_mode_ipv4',
  gatewayMode6: 'com.docker.network.bridge.gateway_mode_ipv6',
  inhibitIpv4: 'com.docker.network.bridge.inhibit_ipv4',
  trustedInterfaces: 'com.docker.network.bridge.trusted_host_interfaces',
  mtu: 'com.docker.network.driver.mtu',
  interfacePrefix: 'com.docker.network.container_iface_prefix',
  hostAddress4: 'com.docker.network.host_ipv4',
  hostAddress6: 'com.docker.network.host_ipv6',
} as const;

/**
 *   nat               masqueraded to the outside, published ports translated, all else from outside dropped
 *   nat-unprotected   the same, but whoever routes to the containers reaches every port
 *   routed            neither masqueraded nor translated: published ports are open to whoever routes there
 *   isolated          internal networks only: the host has no address on the bridge
 */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';
const gatewayModes: readonly GatewayMode[] = ['nat', 'nat-unprotected', 'routed', 'isolated'];

export interface BridgeSettings {
  /** Name of the interface; '' leaves it to the driver. */
  readonly name: string;
  /** Undefined: as the host's way out. */
  readonly mtu: number | undefined;
  readonly interContainer: boolean;
  readonly masquerade: boolean;
  readonly gatewayMode4: GatewayMode;
  readonly gatewayMode6: GatewayMode;
  /** The host takes no IPv4 address on the bridge. */
  readonly inhibitIpv4: boolean;
  /** Host address of published ports that name none; '' for every one. */
  readonly hostBinding: string;
  /** Interfaces of the host from which containers' published ports may be routed to. */
  readonly trustedInterfaces: readonly string[];
  readonly interfacePrefix: string;
  /** Source address of what leaves the host, instead of the way out's own; '' for that. */
  readonly hostAddress4: string;
  readonly hostAddress6: string;
}

/** @throws WharfError 'network.config-invalid' */
export function parseBridgeSettings(options: Readonly<Record<string, string>>): BridgeSettings {
  flag(options, bridgeOptions.defaultBridge, false);
  return {
    name: options[bridgeOptions.name] ?? '',
    mtu: parseMtu(options[bridgeOptions.mtu]),
    interContainer: flag(options, bridgeOptions.interContainer, true),
    masquerade: flag(options, bridgeOptions.masquerade, true),
    gatewayMode4: gatewayMode(options, bridgeOptions.gatewayMode4),
    gatewayMode6: gatewayMode(options, bridgeOptions.gatewayMode6),
    inhibitIpv4: flag(options, bridgeOptions.inhibitIpv4, false),
    hostBinding: address(options, bridgeOptions.hostBinding),
    trustedInterfaces: (options[bridgeOptions.trustedInterfaces] ?? '').split(':').filter((name) => name !== ''),
    interfacePrefix: options[bridgeOptions.interfacePrefix] ?? '',
    hostAddress4: address(options, bridgeOptions.hostAddress4),
    hostAddress6: address(options, bridgeOptions.hostAddress6),
  };
}

/** The settings of a stored network: what can't be parsed any more falls back to what holds without it. */
export function bridgeSettings(record: NetworkRecord): BridgeSettings {
  try {
    return parseBridgeSettings(record.options);
  } catch {
    return parseBridgeSettings({});
  }
}

function flag(options: Readonly<Record<string, string>>, name: string, fallback: boolean): boolean {
  const value = options[name];
  if (value === undefined) return fallback;
  const parsed = parseFlag(value);
  if (parsed === undefined)
    throw unparsed(name, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  return parsed;
}

function parseMtu(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const name = bridgeOptions.mtu;
  if (!/^[+-]?\d+$/.test(value))
    throw unparsed(name, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  const mtu = Number(value);
  if (!Number.isSafeInteger(mtu)) {
    throw unparsed(name, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: value out of range`);
  }
  if (mtu < 0) throw invalid(`invalid MTU number: ${mtu}`);
  return mtu === 0 ? undefined : mtu;
}

function gatewayMode(options: Readonly<Record<string, string>>, name: string): GatewayMode {
  const value = options[name];
  if (value === undefined) return 'nat';
  const mode = gatewayModes.find((candidate) => candidate === value);
  if (mode === undefined) throw unparsed(name, value, `unknown gateway mode ${value}`);
  return mode;
}

function address(options: Readonly<Record<string, string>>, name: string): string {
  const value = options[name];
  if (value === undefined) return '';
  if (isIP(value) === 0) throw unparsed(name, value, 'nil ip');
  return value;
}

function unparsed(name: string, value: string, why: string): WharfError {
  return invalid(`failed to parse ${name} value: ${value} (${why})`);
}

function invalid(message: string): WharfError {
  return new WharfError('network.config-invalid', message);
}
