/** What the settings say about networks; the networks check what it means. */
import { isIP } from 'node:net';
import { type AddressPoolDefault, type NetworkDefaults, networkDefaults } from '../networks/network-defaults.ts';
import { refuse, refuseValue, type SettingReader } from './setting-reader.ts';
import { isRecord } from './setting-values.ts';

export function networkOptions(read: SettingReader): NetworkDefaults {
  const mtu = read.number('mtu') ?? networkDefaults.mtu;
  if (mtu < 0) refuse(`invalid default MTU: ${mtu}`);
  return {
    bridge: read.text('bridge') ?? '',
    bip: read.text('bip') ?? '',
    bip6: read.text('bip6') ?? '',
    fixedCidr: read.text('fixed-cidr') ?? '',
    fixedCidrV6: read.text('fixed-cidr-v6') ?? '',
    defaultGateway: address(read.text('default-gateway')),
    defaultGatewayV6: address(read.text('default-gateway-v6')),
    ipv6: read.switch('ipv6', networkDefaults.ipv6),
    mtu,
    interContainer: read.switch('icc', networkDefaults.interContainer),
    ipForward: read.switch('ip-forward', networkDefaults.ipForward),
    ipMasquerade: read.switch('ip-masq', networkDefaults.ipMasquerade),
    iptables: read.switch('iptables', networkDefaults.iptables),
    ip6tables: read.switch('ip6tables', networkDefaults.ip6tables),
    userlandProxy: read.switch('userland-proxy', networkDefaults.userlandProxy),
    allowDirectRouting: read.switch('allow-direct-routing', networkDefaults.allowDirectRouting),
    publishAddress: address(read.text('ip')),
    addressPools: read.items('default-address-pool').map(addressPool),
    networkOptions: networkOptionsByDriver(read.items('default-network-opt')),
    dns: read.list('dns').map(address),
    dnsOptions: read.list('dns-opt'),
    dnsSearch: read.list('dns-search').map(searchDomain),
    hostGateways: hostGateways(read.list('host-gateway-ip')),
  };
}

function address(text: string | undefined): string {
  if (text === undefined) return '';
  return isIP(text) === 0 ? refuse(`invalid IP address: ${text}`) : text;
}

/** `.` means: no search domains at all. */
function searchDomain(text: string): string {
  const domain = text.trim();
  if (domain === '.' || /^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?$/.test(domain)) return domain;
  return refuse(`${text} is not a valid domain`);
}

function hostGateways(given: readonly string[]): readonly string[] {
  const addresses = given.map(address);
  for (const family of [4, 6]) {
    if (addresses.filter((ip) => isIP(ip) === family).length > 1)
      refuse(`only one IPv${family} host gateway IP address can be specified`);
  }
  return addresses;
}

/** From flags `base=10.0.0.0/8,size=24`; from the file `{"base": "10.0.0.0/8", "size": 24}`. */
function addressPool(item: unknown): AddressPoolDefault {
  const fields = typeof item === 'string' ? fieldsOf(item) : item;
  if (!isRecord(fields)) return refuse('invalid value for default-address-pools: expected objects of base and size');
  const { base, size } = fields;
  const length = Number(size);
  if (typeof base !== 'string' || !/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(base)) {
    return refuse(`invalid address pool: base ${JSON.stringify(base)} is not a subnet such as 10.10.0.0/16`);
  }
  const [network = '', prefix = ''] = base.split('/');
  const bits = isIP(network) === 4 ? 32 : isIP(network) === 6 ? 128 : 0;
  if (bits === 0 || Number(prefix) > bits) return refuse(`invalid CIDR address: ${base}`);
  if (!Number.isSafeInteger(length) || length < Number(prefix) || length > bits) {
    return refuse(`invalid address pool ${base}: size ${String(size)} must be between its prefix and ${bits}`);
  }
  return { base, size: length };
}

function fieldsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [, key, value] = /^(base|size)=(.+)$/.exec(part) ?? [];
      return key === undefined || value === undefined
        ? refuseValue('default-address-pool', text, 'base=SUBNET,size=PREFIX')
        : [key, value];
    }),
  );
}

/** From flags `bridge=com.docker.network.driver.mtu=1450`; from the file by driver. */
function networkOptionsByDriver(items: readonly unknown[]): NetworkDefaults['networkOptions'] {
  const byDriver: Record<string, Record<string, string>> = {};
  const add = (driver: string, options: Readonly<Record<string, unknown>>) => {
    for (const [key, value] of Object.entries(options)) {
      if (typeof value !== 'string')
        return refuse(`invalid value for default-network-opts.${driver}.${key}: expected a string`);
      byDriver[driver] = { ...byDriver[driver], [key]: value };
    }
  };
  for (const item of items) {
    if (typeof item === 'string') {
      const [, driver, key, value] = /^([^=]+)=([^=]+)=(.*)$/.exec(item) ?? [];
      if (driver === undefined || key === undefined || value === undefined)
        return refuseValue('default-network-opt', item, 'driver=key=value');
      add(driver, { [key]: value });
    } else if (isRecord(item)) {
      for (const [driver, options] of Object.entries(item)) {
        if (!isRecord(options)) return refuse(`invalid value for default-network-opts.${driver}: expected an object`);
        add(driver, options);
      }
    }
  }
  return byDriver;
}
