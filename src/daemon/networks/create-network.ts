/** Making a network: definition, subnets, and what its driver makes of it; all or nothing. */
import type { NetworkCreateRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import { applyConfiguration, askedPools, checkConfigNetwork, draftNetwork, withPools } from './network-definition.ts';
import type { IpamDriver, NetworkDriver } from './network-driver.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { NetworkPool, NetworkRecord } from './network-store.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';

export interface CreateNetworkParts {
  readonly defaults: NetworkDefaults;
  readonly drivers: NetworkDrivers;
  readonly registry: NetworkRegistry;
  readonly kernel: SandboxKernel;
}

/** @throws WharfError; then nothing of it is left */
export async function createNetwork(
  parts: CreateNetworkParts,
  request: NetworkCreateRequest,
  signal: AbortSignal,
): Promise<NetworkRecord> {
  const { defaults, drivers, registry } = parts;
  const asked = draftNetwork(request, defaults);
  checkName(registry, asked);
  checkConfigNetwork(asked, request);
  const bare = { ...asked, pools: askedPools(request) };
  if (bare.configOnly) {
    const stored = { ...bare, driver: 'null', scope: 'local' };
    registry.save(stored);
    return stored;
  }
  const driver = await drivers.load(bare.driver, { signal });
  if (request.Ingress === true && driver.scope !== 'global') {
    throw refused('Ingress network can only be global scope network');
  }
  const draft = bare.configFrom === '' ? bare : applyConfiguration(bare, registry.byName(bare.configFrom));
  if (draft.scope === 'swarm') throw refused('cannot create a swarm scoped network when swarm is not active');
  if (draft.scope === 'local' && driver.scope === 'global') {
    throw refused(`cannot downgrade network scope for ${driver.name} networks`);
  }
  driver.checkOptions(draft);
  const pooled = await assignPools(parts, draft, signal);
  return finish(parts, pooled, signal);
}

/** No other request may come between the choice of subnets and the record that holds them: nothing here waits. */
async function assignPools(
  parts: CreateNetworkParts,
  draft: NetworkRecord,
  signal: AbortSignal,
): Promise<NetworkRecord> {
  const { defaults, drivers, registry, kernel } = parts;
  const driver = drivers.known(draft.driver);
  if (draft.ipamDriver !== 'default' && draft.ipamDriver !== 'null') {
    const ipam = await drivers.loadIpam(draft.ipamDriver, { signal });
    return { ...draft, pools: await pluginPools(ipam, draft, signal) };
  }
  const surroundings = { networkSubnets: registry.subnets(), hostSubnets: kernel.hostSubnets() };
  const pooled = withPools(draft, { surroundings, defaults, driver });
  return define(parts, driver, pooled);
}

function define({ registry }: CreateNetworkParts, driver: NetworkDriver, pooled: NetworkRecord): NetworkRecord {
  // Another request may have come in while plugins were asked.
  checkName(registry, pooled);
  const defined = driver.define(pooled, registry.all());
  registry.save(defined);
  return defined;
}

function checkName(registry: NetworkRegistry, { name }: NetworkRecord): void {
  if (registry.byName(name) === undefined) return;
  throw new WharfError('network.name-taken', `network with name ${name} already exists`);
}

async function finish(parts: CreateNetworkParts, pooled: NetworkRecord, signal: AbortSignal): Promise<NetworkRecord> {
  const { drivers, registry } = parts;
  const driver = drivers.known(pooled.driver);
  let record = pooled;
  try {
    if (registry.get(record.id) === undefined) record = define(parts, driver, pooled);
    await driver.createNetwork(record, { signal });
    return record;
  } catch (error) {
    registry.delete(record.id);
    await releasePools(drivers, record);
    throw error;
  }
}

async function pluginPools(ipam: IpamDriver, draft: NetworkRecord, signal: AbortSignal): Promise<NetworkPool[]> {
  const families = (['ipv4', 'ipv6'] as const).filter((family) =>
    family === 'ipv4' ? draft.enableIpv4 : draft.enableIpv6,
  );
  const options = draft.ipamOptions ?? {};
  const pools: NetworkPool[] = [];
  for (const family of families) {
    const asked = draft.pools.filter((pool) => pool.subnet.includes(':') === (family === 'ipv6'));
    for (const wish of asked.length === 0 ? [undefined] : asked) {
      const request = { family, pool: wish?.subnet ?? '', subPool: wish?.range ?? '', options, signal };
      const { poolId, pool, gateway } = await ipam.requestPool(request);
      const own =
        gateway ||
        (await ipam.requestAddress({ poolId, wanted: wish?.gateway ?? '', purpose: 'gateway', mac: '', signal }));
      pools.push({
        subnet: pool,
        gateway: own.split('/')[0] ?? '',
        userSubnet: wish !== undefined,
        userGateway: (wish?.gateway ?? '') !== '',
        ...(wish?.range === undefined ? {} : { range: wish.range }),
        auxiliary: wish?.auxiliary ?? {},
        poolId,
      });
    }
  }
  return pools;
}

/** Gives the pools of an address plugin back. */
export async function releasePools(drivers: NetworkDrivers, record: NetworkRecord): Promise<void> {
  const ipam = drivers.ipam(record.ipamDriver);
  if (ipam === undefined) return;
  for (const { poolId } of record.pools) if (poolId !== undefined) await ipam.releasePool(poolId);
}

function refused(message: string): WharfError {
  return new WharfError('network.config-invalid', message, { status: 403 });
}
