/**
 * Who the page is to its registry. A password is exchanged for a token at once and kept nowhere; the token lives in this
 * page's memory only, is renewed while the page is open, and is gone with it.
 *
 *     asking ──► open              the registry has no users: everybody may do everything
 *       │  ├───► reader            it lets anybody read; a token of nobody ──sign in──► user
 *       │  └───► signed-out ──sign in──► user ──token lost──► signed-out
 *       └──────► unreachable ──retry──► asking
 */
import { create } from 'zustand';
import { WharfError } from '../../contract/errors.ts';
import type { RegistryAnswer, RegistryConnection, RegistryRequest } from '../registry-browser/registry-connection.ts';

export type Session =
  | { readonly kind: 'asking' }
  | { readonly kind: 'open' }
  | { readonly kind: 'reader' }
  | { readonly kind: 'signed-out'; readonly reason: string; readonly anybodyReads: boolean }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'unreachable'; readonly message: string };

/** Tells users apart, and nobody. */
export function whoIs(session: Session): string {
  return session.kind === 'user' ? `user ${session.name}` : session.kind;
}

export const useSession = create<{ readonly session: Session }>(() => ({ session: { kind: 'asking' } }));

const tokenPath = '/v2/_wharf/token';
/** Not in the store: what is in memory only need not be in anybody's developer tools either. */
let token: string | undefined;
let renewal: ReturnType<typeof setTimeout> | undefined;

function become(session: Session): void {
  useSession.setState({ session });
}

/** Finds out what this registry wants of whoever comes. */
export async function startSession(): Promise<void> {
  become({ kind: 'asking' });
  forget();
  try {
    const ping = await send('/v2/', {});
    if (ping.ok) return become({ kind: 'open' });
    if (await takeToken({})) return become({ kind: 'reader' });
    become({ kind: 'signed-out', reason: '', anybodyReads: false });
  } catch (error) {
    become({ kind: 'unreachable', message: error instanceof Error ? error.message : String(error) });
  }
}

/** @throws WharfError 'auth.denied' for a wrong name or password */
export async function signIn(name: string, password: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  const pair = btoa(String.fromCharCode(...bytes));
  if (!(await takeToken({ authorization: `Basic ${pair}` })))
    throw new WharfError('auth.denied', 'This name and password are not right', {
      hint: 'Users are added with `wharf registry user add`, or in the app.',
    });
  become({ kind: 'user', name });
}

export async function signOut(): Promise<void> {
  await startSession();
}

function forget(): void {
  token = undefined;
  clearTimeout(renewal);
}

/** @returns whether a token was given */
async function takeToken(headers: Readonly<Record<string, string>>): Promise<boolean> {
  const answer = await send(tokenPath, headers);
  if (answer.status === 429)
    throw new WharfError('registry.rate-limited', 'Too many tries at once', { hint: 'Wait a moment and try again.' });
  if (!answer.ok) return false;
  const given: unknown = await answer.json();
  if (typeof given !== 'object' || given === null || !('token' in given) || typeof given.token !== 'string')
    return false;
  token = given.token;
  const lifeMs = 'expires_in' in given && typeof given.expires_in === 'number' ? given.expires_in * 1000 : 60_000;
  clearTimeout(renewal);
  renewal = setTimeout(() => void renew(), Math.min(lifeMs / 2, 2 ** 30));
  return true;
}

async function renew(): Promise<void> {
  try {
    if (token !== undefined && (await takeToken({ authorization: `Bearer ${token}` }))) return;
    lose();
  } catch {
    // The registry is away for the moment; the old token may still do when it is back.
    renewal = setTimeout(() => void renew(), 10_000);
  }
}

function lose(): void {
  const { session } = useSession.getState();
  forget();
  if (session.kind === 'reader') void startSession();
  else become({ kind: 'signed-out', reason: 'You were signed out. Sign in to go on.', anybodyReads: false });
}

async function send(
  path: string,
  headers: Readonly<Record<string, string>>,
  init: RequestInit = {},
): Promise<Response> {
  // No cookies and no sign-in of the browser's own: a refusal must come back here, not open the browser's window.
  return await fetch(path, { ...init, headers, credentials: 'omit', cache: 'no-store', redirect: 'error' }).catch(
    (cause: unknown) => {
      if (init.signal?.aborted) throw cause;
      throw new WharfError('registry.unreachable', 'The registry does not answer', {
        hint: 'Check that it runs and that this machine can reach it.',
        cause,
      });
    },
  );
}

async function request({ method, path, accept, body }: RegistryRequest, signal?: AbortSignal): Promise<RegistryAnswer> {
  const used = token;
  const answer = await send(
    path,
    {
      ...(accept === undefined ? {} : { accept }),
      ...(used === undefined ? {} : { authorization: `Bearer ${used}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    { method, signal: signal ?? null, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
  );
  // A restarted registry knows its old tokens no more.
  if (answer.status === 401 && used !== undefined && used === token) lose();
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}

/** The registry this page came from. */
export const ownRegistry: RegistryConnection = { address: location.host, request };
