import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '../../../oci/json-fields.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { ruleText, trustPolicyText } from '../../views/trust-view.ts';

export const command = defineCommand({
  path: ['trust', 'policy', 'check'],
  summary: 'Check a trust policy, and tell which rule images fall under',
  usage: '[OPTIONS] [IMAGE...]',
  description: "Without --file it is the engine's own policy.",
  flags: {
    file: { type: 'string', metavar: 'file', help: 'A policy file of this machine, before it is put in place' },
  },
  args: { min: 0 },
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const policy = flags.file === undefined ? undefined : await withKeys(flags.file);
    const engine = await ctx.engine();
    const result = await engine.call('TrustPolicyCheck', { body: { policy, images: ctx.args }, signal: ctx.signal });
    if (result.images.length === 0) await terminal.out(trustPolicyText(result.policy));
    for (const { image, rule } of result.images) await terminal.out(`${image}: ${ruleText(rule)}\n`);
    return result.policy.state === 'broken' ? 1 : 0;
  },
});

/** The policy with its keys in it: the engine may be on another machine, and must not read files for a client. */
async function withKeys(path: string): Promise<JsonObject> {
  const policy = readJson(await textOf(path), path);
  if (!isJsonObject(policy.keys)) return policy;
  const keys: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(policy.keys)) {
    if (!isJsonObject(key) || typeof key.file !== 'string') {
      keys[name] = key;
      continue;
    }
    const { file, ...rest } = key;
    keys[name] = { ...rest, pem: await textOf(resolve(dirname(path), file)) };
  }
  return { ...policy, keys };
}

function readJson(text: string, path: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      exitCode: 1,
    });
  }
  if (isJsonObject(json)) return json;
  throw new UsageError(`${path} is no trust policy: it must hold one JSON object`, { exitCode: 1 });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path} can not be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      exitCode: 1,
    });
  }
}
