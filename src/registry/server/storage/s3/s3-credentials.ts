/**
 * Who the registry is to S3. From the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), or from a
 * file as Amazon's own tools keep it; never from the command line, which everybody on the machine can read.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WharfError } from '../../../../contract/errors.ts';
import type { S3Credentials } from './s3-signature.ts';

export type CredentialSource = () => Promise<S3Credentials>;

export interface CredentialPlace {
  /** A file of Amazon's form; it counts before the environment. */
  readonly file?: string;
  /** Its section; AWS_PROFILE or `default` when it is left out. */
  readonly profile?: string;
}

/** A file is read again this often: another program may renew what is in it. */
const freshMs = 60_000;

export function credentialSource(
  place: CredentialPlace,
  env: Readonly<Record<string, string | undefined>>,
  now: () => number = Date.now,
): CredentialSource {
  const fromEnvironment = place.file === undefined ? environmentCredentials(env) : undefined;
  if (fromEnvironment !== undefined) return async () => fromEnvironment;
  const file = place.file ?? env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), '.aws', 'credentials');
  const profile = place.profile ?? env.AWS_PROFILE ?? 'default';
  let last: { readonly atMs: number; readonly credentials: S3Credentials } | undefined;
  return async () => {
    if (last === undefined || now() - last.atMs > freshMs)
      last = { atMs: now(), credentials: await readCredentials(file, profile) };
    return last.credentials;
  };
}

function environmentCredentials(env: Readonly<Record<string, string | undefined>>): S3Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}

async function readCredentials(file: string, profile: string): Promise<S3Credentials> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new WharfError('request.invalid', `there are no credentials for S3: ${file} can not be read`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file as storage.s3.credentialsFile.',
      cause: error,
    });
  });
  const section = sectionOf(text, profile);
  const accessKeyId = section.get('aws_access_key_id');
  const secretAccessKey = section.get('aws_secret_access_key');
  const token = section.get('aws_session_token');
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new WharfError('request.invalid', `${file} has no key in its section [${profile}]`);
  return { accessKeyId, secretAccessKey, ...(token === undefined ? {} : { sessionToken: token }) };
}

/** The `name = value` lines below `[profile]`. */
function sectionOf(text: string, profile: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let inside = false;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const title = /^\[\s*(?:profile\s+)?(.+?)\s*\]$/.exec(line)?.[1];
    if (title !== undefined) inside = title === profile;
    const [, name, value] = /^([\w.-]+)\s*=\s*(.+)$/.exec(line) ?? [];
    if (inside && name !== undefined && value !== undefined) values.set(name.toLowerCase(), value);
  }
  return values;
}
