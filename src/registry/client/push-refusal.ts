/** A refused push in the words of docker. */
import { WharfError } from '../../contract/errors.ts';
import { familiarName, type Reference } from '../../oci/reference.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { attempt } from './network-failure.ts';
import type { RegistrySession, SessionAnswer } from './registry-session.ts';
import { refusalError } from './response-failure.ts';

export async function pushRefusal(
  session: RegistrySession,
  reference: Reference,
  answer: SessionAnswer,
  access: EndpointAccess,
  method: string,
): Promise<WharfError> {
  const refusal = await session.refusal(answer, access.signal);
  const name = familiarName(reference);
  const signedIn = Boolean(access.auth?.username || access.auth?.identitytoken);
  if (refusal.status === 401 || refusal.status === 403) {
    const text = refusal.code === '' ? 'denied: requested access to the resource is denied' : refusal.text;
    // 403 in both cases: docker's client would ask for a password on 401 in the middle of a push.
    return new WharfError(signedIn ? 'auth.denied' : 'auth.required', `push ${name}: ${text}`, {
      status: 403,
      hint: signedIn
        ? 'Check that this account may push to the repository.'
        : 'Sign in with `wharf login`, then push again.',
    });
  }
  if (refusal.html && refusal.status < 500) return refusalError(refusal, method, answer.url);
  if (refusal.status === 404)
    return new WharfError('registry.failed', `push ${name}: ${refusal.text}`, { status: 404 });
  if (refusal.code === 'DIGEST_INVALID') return new WharfError('digest.mismatch', `push ${name}: ${refusal.text}`);
  if (refusal.code === 'SIZE_INVALID') return new WharfError('size.mismatch', `push ${name}: ${refusal.text}`);
  if (refusal.status === 413) {
    const hint = 'The registry, or a proxy before it, bounds the size of uploads.';
    return new WharfError('registry.failed', `${attempt(method, answer.url)}: received ${refusal.text}`, { hint });
  }
  if (refusal.status >= 400 && refusal.status < 500 && refusal.status !== 429) {
    return new WharfError('registry.failed', `push ${name}: ${refusal.text}`, {
      status: refusal.status === 405 ? 405 : 400,
    });
  }
  return refusalError(refusal, method, answer.url);
}
