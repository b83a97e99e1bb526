/**
 * The policy file, read anew at each question, so that a change counts at once and without a restart.
 *
 *     none ──── the file appears ───► active ◄──── is repaired ───┐
 *      ▲                                │                         │
 *      └── only a restart or a reload   └── unreadable, wrong, ───► broken
 *                                           or gone
 *
 * 1. Broken means that nothing is let in. A file that was there and is gone is broken too: while an editor replaces it, or when
 *    its disk is not mounted, is no moment to let everything in.
 * 2. Where no file was asked for by the settings and none is in the usual place, there is no policy.
 */
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import type { TrustImages } from '../../contract/types/trust.ts';
import { inFile, maxPolicyChars, parsePolicyFile, readPolicy, type TrustPolicy } from './trust-policy.ts';

export interface PolicyPlace {
  readonly path: string;
  /** Asked for by the settings: then it must be there. */
  readonly required: boolean;
}

export type PolicyState =
  | { readonly kind: 'none'; readonly path: string }
  | { readonly kind: 'active'; readonly path: string; readonly policy: TrustPolicy }
  | { readonly kind: 'broken'; readonly path: string; readonly error: WharfError };

const maxKeyBytes = 64 * 1024;

export class PolicySource {
  #place: PolicyPlace;
  #seen = false;
  /** What the files held when they were last understood. */
  #last: { readonly texts: string; readonly policy: TrustPolicy } | undefined;

  constructor(place: PolicyPlace) {
    this.#place = place;
  }

  /** At a reload of the daemon: another file, or the end of a policy. */
  replace(place: PolicyPlace): void {
    this.#place = place;
    this.#seen = false;
    this.#last = undefined;
  }

  async current(): Promise<PolicyState> {
    const { path, required } = this.#place;
    try {
      const text = await textOf(path, maxPolicyChars);
      this.#seen = true;
      return { kind: 'active', path, policy: await this.#policyOf(path, text) };
    } catch (error) {
      if (isMissing(error) && !required && !this.#seen) return { kind: 'none', path };
      const why = isMissing(error) ? new Error('there is no such file', { cause: error }) : error;
      return { kind: 'broken', path, error: inFile(why, path) };
    }
  }

  async #policyOf(path: string, text: string): Promise<TrustPolicy> {
    const file = parsePolicyFile(text);
    const pems = new Map<string, string>();
    for (const { file: name } of Object.values(file.keys ?? {})) {
      if (name === undefined || pems.has(name)) continue;
      const pem = await textOf(resolve(dirname(path), name), maxKeyBytes).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new WharfError('trust.policy-broken', `the key file ${name} can not be read: ${why}`, { cause });
      });
      pems.set(name, pem);
    }
    const texts = JSON.stringify([path, text, ...pems]);
    if (this.#last?.texts === texts) return this.#last.policy;
    const policy = readPolicy(file, (name) => pems.get(name) ?? '');
    this.#last = { texts, policy };
    return policy;
  }
}

/** Files that anybody may change decide nothing. */
async function textOf(path: string, maxBytes: number): Promise<string> {
  await using file = await open(path, 'r');
  const { mode, size } = await file.stat();
  if ((mode & 0o002) !== 0) throw new Error(`${path} may be changed by everybody; take that right away (chmod o-w)`);
  if (size > maxBytes) throw new Error(`${path} is longer than ${maxBytes} bytes`);
  return await file.readFile('utf8');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** As the API tells it. */
export function stateView(state: PolicyState): TrustImages['policy'] {
  const { kind, path } = state;
  return kind === 'broken' ? { state: kind, path, error: state.error.message } : { state: kind, path };
}

/** @throws WharfError 'trust.policy-broken' */
export function usable(state: PolicyState): Exclude<PolicyState, { kind: 'broken' }> {
  if (state.kind !== 'broken') return state;
  const { error } = state;
  throw new WharfError(
    'trust.policy-broken',
    `no image is let in, for the trust policy can not be used: ${error.message}`,
    {
      cause: error,
      hint: error.hint,
    },
  );
}
