import type { AuthConfig } from '../../contract/engine-types.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { registryAuthHeader } from './registry-auth.ts';

/** The X-Registry-Config header: this user's credentials for each of these registries, where there are any. */
export async function registryConfigHeader<T extends FlagTable>(
  ctx: CommandContext<T>,
  domains: Iterable<string>,
): Promise<Record<string, string>> {
  const config: Record<string, AuthConfig> = {};
  for (const domain of new Set(domains)) {
    const { 'x-registry-auth': header } = await registryAuthHeader(ctx, domain);
    if (header !== undefined) config[domain] = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  }
  if (Object.keys(config).length === 0) return {};
  return { 'x-registry-config': Buffer.from(JSON.stringify(config)).toString('base64url') };
}
