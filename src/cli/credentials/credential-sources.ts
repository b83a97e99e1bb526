import { join } from 'node:path';
import { UsageError } from '../argv/usage-error.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { isRecord, readJsonFile } from '../settings/config-home.ts';
import { type Credential, decodeAuth, encodeAuth } from './credential.ts';
import { helperErase, helperGet, helperStore } from './credential-helper.ts';
import { eraseSealed, readSealed, writeSealed } from './encrypted-store.ts';
import { registryKey, sameRegistry } from './registry-key.ts';

/**
 * Where credentials come from, in this order: a helper set in Wharf's `config.json` (`credHelpers`, `credsStore`, as
 * docker spells them), plain ones stored there on demand, Wharf's sealed store, and last docker's own configuration.
 */
const configName = 'config.json';
type Config = Readonly<Record<string, unknown>>;
type Context = Pick<CommandContext<FlagTable>, 'home' | 'env' | 'signal'>;
type FindContext = Context & Pick<CommandContext<FlagTable>, 'terminal'>;

export async function findCredential(ctx: FindContext, server: string): Promise<Credential | undefined> {
  const own = ctx.home.readJson(configName) ?? {};
  const found = (await fromConfig(own, server, ctx.signal)) ?? readSealed(ctx.home, server);
  if (found !== undefined) return found;
  const docker = readJsonFile(dockerConfigPath(ctx.env));
  if (docker === undefined) return undefined;
  try {
    return await fromConfig(docker, server, ctx.signal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // A helper of a Docker that is gone must not keep public images from us.
    await ctx.terminal.err(`WARNING: Docker's configuration: ${error.message}\n`);
    return undefined;
  }
}

async function fromConfig(config: Config, server: string, signal: AbortSignal): Promise<Credential | undefined> {
  const helper = helperFor(config, server);
  const fromHelper = helper === undefined ? undefined : await helperGet(helper, registryKey(server), signal);
  return fromHelper ?? plainCredential(config, server);
}

function plainCredential(config: Config, server: string): Credential | undefined {
  const auths = isRecord(config.auths) ? config.auths : {};
  const entry = Object.entries(auths).find(([key]) => sameRegistry(key, server))?.[1];
  if (!isRecord(entry)) return undefined;
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '') {
    return { username: '', password: '', identityToken: entry.identitytoken };
  }
  return typeof entry.auth === 'string' ? decodeAuth(entry.auth) : undefined;
}

function helperFor(config: Config, server: string): string | undefined {
  const helpers = isRecord(config.credHelpers) ? config.credHelpers : {};
  const own = Object.entries(helpers).find(([key]) => sameRegistry(key, server))?.[1];
  const name = own ?? config.credsStore;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

export type StoredIn =
  | { readonly kind: 'helper'; readonly name: string }
  | { readonly kind: 'sealed' }
  | { readonly kind: 'plain'; readonly path: string };

/** Keeps credentials: with the configured helper, sealed, or in plain text when that was asked for. */
export async function storeCredential(
  ctx: Context,
  server: string,
  credential: Credential,
  plain: boolean,
): Promise<StoredIn> {
  const config = ctx.home.readJson(configName) ?? {};
  const helper = helperFor(config, server);
  if (helper !== undefined) {
    await helperStore(helper, registryKey(server), credential, ctx.signal);
    return { kind: 'helper', name: helper };
  }
  if (!plain) {
    writeSealed(ctx.home, server, credential);
    return { kind: 'sealed' };
  }
  const auths = isRecord(config.auths) ? config.auths : {};
  const entry =
    credential.identityToken === '' ? { auth: encodeAuth(credential) } : { identitytoken: credential.identityToken };
  ctx.home.writeJson(configName, { ...config, auths: { ...auths, [registryKey(server)]: entry } });
  return { kind: 'plain', path: join(ctx.home.dir, configName) };
}

/** Forgets credentials wherever Wharf kept them. docker's own configuration is left alone. Resolves with whether any were there. */
export async function eraseCredential(ctx: Context, server: string): Promise<boolean> {
  const config = ctx.home.readJson(configName) ?? {};
  const helper = helperFor(config, server);
  if (helper !== undefined) await helperErase(helper, registryKey(server), ctx.signal);
  const auths = isRecord(config.auths) ? config.auths : {};
  const kept = Object.entries(auths).filter(([key]) => !sameRegistry(key, server));
  const hadPlain = kept.length < Object.keys(auths).length;
  if (hadPlain) ctx.home.writeJson(configName, { ...config, auths: Object.fromEntries(kept) });
  return eraseSealed(ctx.home, server) || hadPlain || helper !== undefined;
}

function dockerConfigPath(env: Context['env']): string {
  const dir = env.DOCKER_CONFIG;
  return join(dir !== undefined && dir !== '' ? dir : join(env.HOME ?? '/', '.docker'), 'config.json');
}
