import type { AuthConfig } from '../../contract/engine-types.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { findCredential } from './credential-sources.ts';
import { registryKey } from './registry-key.ts';

/** The X-Registry-Auth header for a registry; none when this user has no credentials there. */
export async function registryAuthHeader<T extends FlagTable>(
  ctx: CommandContext<T>,
  server: string,
): Promise<Record<string, string>> {
  const credential = await findCredential(ctx, server);
  if (credential === undefined) return {};
  const auth: AuthConfig = {
    ...(credential.identityToken === ''
      ? { username: credential.username, password: credential.password }
      : { identitytoken: credential.identityToken }),
    serveraddress: registryKey(server),
  };
  return { 'x-registry-auth': encodeHeader(auth) };
}

/** base64url of the JSON, as the engine API wants it. */
export function encodeHeader(auth: AuthConfig): string {
  return Buffer.from(JSON.stringify(auth)).toString('base64url');
}
