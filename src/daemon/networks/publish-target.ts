/** Where the published ports of a container lead: its endpoint with the way out, for each family. Pure. */
import { bridgeSettings } from './bridge-options.ts';
import type { Attachment } from './network-driver.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import { gatewayAttachment } from './sandbox-interface.ts';

export interface FamilyTarget {
  readonly address: string;
  /** Routed networks translate nothing: the container's own address is the one to use. */
  readonly isRouted: boolean;
}

export interface PublishTarget {
  readonly endpointId: string;
  readonly ipv4: FamilyTarget | undefined;
  readonly ipv6: FamilyTarget | undefined;
  /** What the network says ports without an address are published on; '' for nothing said. */
  readonly hostBinding: string;
  readonly hostInterfaces: readonly string[];
}

/** @returns undefined when no endpoint leads outside by a driver that publishes ports */
export function publishTarget(
  attachments: readonly Attachment[],
  drivers: Pick<NetworkDrivers, 'get'>,
): PublishTarget | undefined {
  const way = (family: 'ipv4' | 'ipv6'): Attachment | undefined => {
    const chosen = gatewayAttachment(attachments, family);
    return chosen !== undefined && drivers.get(chosen.record.driver)?.publishesPorts === true ? chosen : undefined;
  };
  const four = way('ipv4');
  const six = way('ipv6');
  const main = four ?? six;
  if (main === undefined) return undefined;
  const target = (attachment: Attachment | undefined, family: 'ipv4' | 'ipv6'): FamilyTarget | undefined => {
    if (attachment === undefined) return undefined;
    const { gatewayMode4, gatewayMode6 } = bridgeSettings(attachment.record);
    const mode = family === 'ipv4' ? gatewayMode4 : gatewayMode6;
    return { address: attachment.endpoint[family], isRouted: mode === 'routed' };
  };
  return {
    endpointId: main.endpoint.endpointId,
    ipv4: target(four, 'ipv4'),
    ipv6: target(six, 'ipv6'),
    hostBinding: bridgeSettings(main.record).hostBinding,
    hostInterfaces: [...new Set([four, six].flatMap((attachment) => attachment?.endpoint.hostInterface || []))],
  };
}

/** '0.0.0.0' as a default means every address of the host, IPv6 ones too, as in Docker. */
export function specific(hostAddress: string): string {
  return hostAddress === '0.0.0.0' ? '' : hostAddress;
}
