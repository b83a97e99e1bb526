/** Checks credentials against a registry, as `docker login` does. */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { basicAuthorization } from './bearer-tokens.ts';
import { discard } from './document-body.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { attempt } from './network-failure.ts';
import type { RegistrySession, SessionAnswer } from './registry-session.ts';
import { isHtml, notARegistry, refusalError } from './response-failure.ts';

/** @throws WharfError 'auth.denied' with status 401 for wrong credentials, 'registry.*' */
export async function login(
  session: RegistrySession,
  access: EndpointAccess,
): Promise<{ Status: string; IdentityToken: string }> {
  const request = { ...access, method: 'GET', target: '/v2/', scopes: [], offline: true };
  const answer = await session.request(request).catch((error: unknown) => {
    throw isWharfError(error, 'auth.denied')
      ? new WharfError('auth.denied', error.message, { status: 401, hint: error.hint, cause: error })
      : error;
  });
  await expectWelcome(session, access, answer);
  await confirmBasic(session, access, answer);
  return {
    Status: 'Login Succeeded',
    IdentityToken: await session.identityToken(answer.base, { ...access, scopes: [], offline: true }),
  };
}

/** A registry that lets anyone read answers /v2/ without asking who we are; then the credentials are shown unasked. */
async function confirmBasic(session: RegistrySession, access: EndpointAccess, first: SessionAnswer): Promise<void> {
  const { username, password } = access.auth ?? {};
  if (!username || first.asked) return;
  const authorization = basicAuthorization(username, password ?? '');
  const answer = await session.request({
    ...access,
    method: 'GET',
    target: '/v2/',
    scopes: [],
    headers: { authorization },
  });
  await expectWelcome(session, access, answer);
}

async function expectWelcome(session: RegistrySession, access: EndpointAccess, answer: SessionAnswer): Promise<void> {
  const { status, response, url } = answer;
  if (status === 200) {
    if (isHtml(response)) throw notARegistry('GET', url, 'a web page (HTML)');
    discard(response);
    return;
  }
  const refusal = await session.refusal(answer, access.signal);
  if (status === 401 || status === 403) {
    throw new WharfError('auth.denied', `${attempt('GET', url)}: unauthorized: incorrect username or password`, {
      status: 401,
      hint: 'Check the user name and the password or token.',
    });
  }
  if (status === 404) throw notARegistry('GET', url, 'nothing at /v2/ (404)');
  throw refusalError(refusal, 'GET', url);
}
