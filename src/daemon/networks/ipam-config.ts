/** The checks of a network's address settings, as dockerd makes and words them. Pure. */
import type { IpamConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { AddressFamily } from '../linux/netlink-ip-address.ts';
import { contains, formatSubnet, overlaps, parseAddress, parseHostSubnet, type Subnet } from './subnet.ts';

const familyNames = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** One finding stands alone, several become a list. */
export function joinFindings(findings: readonly string[]): string {
  const [only = ''] = findings;
  if (findings.length < 2) return only.trim();
  return findings.map((finding) => `* ${finding.replaceAll('\n', '\n\t')}`).join('\n');
}

/** @throws WharfError 'network.config-invalid' with everything that is wrong */
export function checkIpamConfigs(configs: readonly IpamConfig[], enableIpv6: boolean): void {
  const findings = configs.flatMap((config) => findingsOf(config, enableIpv6));
  if (findings.length === 0) return;
  throw new WharfError('network.config-invalid', `invalid network config:\n${joinFindings(findings)}`);
}

function findingsOf(config: IpamConfig, enableIpv6: boolean): string[] {
  const text = config.Subnet ?? '';
  const subnet = parseHostSubnet(text);
  if (subnet === undefined) return [`invalid subnet ${text}: invalid CIDR block notation`];
  // Ignored rather than refused, as in Docker.
  if (!enableIpv6 && subnet.family === 'ipv6') return [];
  const findings: string[] = [];
  if (subnet.address !== subnet.base) findings.push(`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`);
  findings.push(...rangeFindings(config.IPRange ?? '', subnet));
  const gateway = config.Gateway ?? '';
  const wrong = addressFinding(gateway, subnet);
  if (wrong !== undefined) findings.push(`invalid gateway ${gateway}: ${wrong}`);
  for (const [name, address] of Object.entries(config.AuxiliaryAddresses ?? {})) {
    const finding = addressFinding(address, subnet);
    if (finding !== undefined) findings.push(`invalid auxiliary address ${name}: ${finding}`);
  }
  return findings;
}

function rangeFindings(text: string, subnet: Subnet): string[] {
  if (text === '') return [];
  const range = parseHostSubnet(text);
  const wrong = (why: string) => `invalid ip-range ${text}: ${why}`;
  if (range === undefined) return [wrong('invalid CIDR block notation')];
  if (range.family !== subnet.family) return [wrong(`parent subnet is an ${familyNames[subnet.family]} block`)];
  const findings: string[] = [];
  if (range.prefixLength < subnet.prefixLength) {
    findings.push(wrong(`CIDR block is bigger than its parent subnet ${formatSubnet(subnet)}`));
  }
  if (range.address !== range.base) findings.push(wrong(`it should be ${formatSubnet(range)}`));
  if (!overlaps(range, subnet)) findings.push(wrong(`parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`));
  return findings;
}

function addressFinding(text: string, subnet: Subnet): string | undefined {
  if (text === '') return undefined;
  const families: readonly AddressFamily[] = ['ipv4', 'ipv6'];
  const family = families.find((candidate) => parseAddress(candidate, text) !== undefined);
  const address = family && parseAddress(family, text);
  if (family === undefined || address === undefined) return 'invalid address';
  if (family !== subnet.family) return `parent subnet is an ${familyNames[subnet.family]} block`;
  return contains(subnet, address) ? undefined : `parent subnet ${formatSubnet(subnet)} doesn't contain this address`;
}
