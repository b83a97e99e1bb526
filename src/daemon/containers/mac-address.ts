import type { ContainerConfig, EndpointSettings } from '../../contract/engine-types.ts';
import { invalidConfig } from './config-refusal.ts';

type Endpoints = Readonly<Record<string, EndpointSettings | null>>;

export interface PlacedMacAddress {
  readonly config: ContainerConfig;
  readonly endpoints: Endpoints;
  readonly warnings: readonly string[];
}

/**
 * Config.MacAddress is of the time before a container had several networks: since API 1.44 it means the address on the main
 * one. Pure.
 * @throws WharfError 'container.config-invalid' when the main network's settings say another
 */
export function placeMacAddress(config: ContainerConfig, networkMode: string, endpoints: Endpoints): PlacedMacAddress {
  const { MacAddress: mac, ...rest } = config;
  if (!mac) return { config, endpoints, warnings: [] };
  const warnings = [
    'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
  ];
  if (networkMode === 'host' || networkMode === 'none' || networkMode.startsWith('container:')) {
    return { config: rest, endpoints, warnings };
  }
  const main = networkMode === '' ? 'default' : networkMode;
  const names = main === 'default' || main === 'bridge' ? ['default', 'bridge'] : [main];
  const name = names.find((candidate) => endpoints[candidate]) ?? main;
  const own = endpoints[name]?.MacAddress;
  if (own && own !== mac) {
    throw invalidConfig(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  return { config, endpoints: { ...endpoints, [name]: { ...endpoints[name], MacAddress: mac } }, warnings };
}
