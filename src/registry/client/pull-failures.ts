/** Asking endpoints in order, and the one error to report when none had what was asked for. */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { defaultDomain, familiar, familiarName, type Reference } from '../../oci/reference.ts';
import type { Endpoint, EndpointList } from './endpoints.ts';
import { attempt } from './network-failure.ts';
import type { SessionAnswer } from './registry-session.ts';
import { type Refusal, refusalError } from './response-failure.ts';

interface Failure {
  readonly endpoint: Endpoint;
  readonly error: WharfError;
}

/**
 * Answers what the first endpoint answers; goes on to the next one whatever the failure, since a mirror or fallback may be
 * down, wrong or incomplete.
 */
export async function firstAnswer<T>(
  endpoints: readonly Endpoint[],
  list: EndpointList,
  reference: Reference,
  ask: (endpoint: Endpoint, hasAlternative: boolean) => Promise<T>,
): Promise<T> {
  const failures: Failure[] = [];
  for (const [at, endpoint] of endpoints.entries()) {
    const hasAlternative = at < endpoints.length - 1;
    const recent = hasAlternative || failures.length > 0 ? list.recentFailure(endpoint) : undefined;
    if (recent !== undefined) {
      failures.push({ endpoint, error: recent });
      continue;
    }
    try {
      const answer = await ask(endpoint, hasAlternative);
      list.forget(endpoint);
      return answer;
    } catch (error) {
      if (!isWharfError(error) || error.code === 'request.cancelled') throw error;
      if (isDown(error)) list.remember(endpoint, error);
      failures.push({ endpoint, error });
    }
  }
  throw overallFailure(failures, reference);
}

function isDown(error: WharfError): boolean {
  return error.code === 'registry.unreachable' || error.code === 'registry.timeout';
}

function isUnknown(error: WharfError): boolean {
  return error.code === 'manifest.unknown' || error.code === 'auth.required' || error.code === 'auth.denied';
}

/** The registry's own word counts, except that one which is down while a fallback says "not here" is told as both. */
function overallFailure(failures: readonly Failure[], reference: Reference): WharfError {
  const own = failures.find((failure) => failure.endpoint.kind === 'registry') ?? failures[0];
  if (own === undefined) throw new WharfError('registry.unreachable', `no registry to ask for ${familiar(reference)}`);
  const broken = failures.find(
    (failure) => failure.endpoint.kind === 'fallback' && !isDown(failure.error) && !isUnknown(failure.error),
  );
  if (isDown(own.error) && broken !== undefined) return broken.error;
  const lacking = failures.filter((failure) => failure.endpoint.kind === 'fallback' && isUnknown(failure.error));
  if (!isDown(own.error) || lacking.length === 0) return own.error;
  const hosts = lacking.map((failure) => failure.endpoint.host).join(', ');
  return new WharfError(
    'manifest.unknown',
    `manifest for ${familiar(reference)} not found: ${hosts} does not have it, and ${own.endpoint.host} can not be asked: ${own.error.message}`,
    { cause: own.error, hint: 'Check the name and the tag, or the network: Docker Hub can not be reached from here.' },
  );
}

/** A refusal of a manifest or blob in the words of docker. */
export function pullRefusal(
  reference: Reference,
  refusal: Refusal,
  answer: SessionAnswer,
  signedIn: boolean,
): WharfError {
  const name = familiarName(reference);
  if (refusal.html && refusal.status < 500) return refusalError(refusal, 'GET', answer.url);
  if (
    refusal.status === 401 ||
    refusal.status === 403 ||
    refusal.code === 'DENIED' ||
    refusal.code === 'UNAUTHORIZED'
  ) {
    const why = refusal.code === '' ? 'denied: requested access to the resource is denied' : refusal.text;
    // 404 as docker's daemon answers: on 401 its client would ask for a password in the middle of a pull.
    return new WharfError(
      signedIn ? 'auth.denied' : 'auth.required',
      `pull access denied for ${name}, repository does not exist or may require 'docker login': ${why}`,
      { status: 404, hint: signInHint(reference, signedIn) },
    );
  }
  if (refusal.code === 'NAME_UNKNOWN')
    return new WharfError('manifest.unknown', `repository ${name} not found: ${refusal.text}`);
  if (refusal.status === 404) {
    const why = refusal.code === '' ? 'manifest unknown: manifest unknown' : refusal.text;
    return new WharfError('manifest.unknown', `manifest for ${familiar(reference)} not found: ${why}`);
  }
  return refusalError(refusal, 'GET', answer.url);
}

function signInHint(reference: Reference, signedIn: boolean): string {
  const server = reference.domain === defaultDomain ? '' : ` ${reference.domain}`;
  if (signedIn) return 'Check the name, and that this account may use the repository.';
  return `Check the name, or sign in with \`wharf login${server}\`.`;
}

export function sizeMismatch(what: string, expected: number, got: string, url: URL): WharfError {
  return new WharfError(
    'size.mismatch',
    `${attempt('GET', url)}: ${what} should have ${expected} bytes, the registry sent ${got}`,
  );
}

export function digestMismatch(what: string, got: string, url: URL): WharfError {
  return new WharfError('digest.mismatch', `${attempt('GET', url)}: the bytes of ${what} have the digest ${got}`);
}
