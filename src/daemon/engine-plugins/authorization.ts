/**
 * Authorization plugins: each request, and each answer, is shown to every plugin of the daemon's list in turn; the first that
 * denies ends it (docs.docker.com, "Access authorization plugin"). A plugin that does not answer denies.
 */
import { WharfError } from '../../contract/errors.ts';
import { field, textField } from './plugin-client.ts';
import type { PluginDirectory } from './plugin-directory.ts';

export interface AuthorizationRequest {
  readonly method: string;
  /** As it came: path with version and query. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON only; what is larger or a stream is not shown. */
  readonly body: Uint8Array | undefined;
  /** Common name of the client's certificate; '' without TLS. */
  readonly user: string;
  /** The client's certificates in PEM. */
  readonly peerCertificates: readonly string[];
}

export interface AuthorizationAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

export interface Authorization {
  readonly isActive: boolean;
  /** @throws WharfError 'auth.denied' | 'plugin.failed' */
  request(request: AuthorizationRequest, options: { readonly signal: AbortSignal }): Promise<void>;
  answer(
    request: AuthorizationRequest,
    answer: AuthorizationAnswer,
    options: { readonly signal: AbortSignal },
  ): Promise<void>;
}

/** Never shown: they carry secrets. */
const hiddenHeaders: ReadonlySet<string> = new Set(['authorization', 'x-registry-config', 'x-registry-auth']);
const authPath = /^\/(v\d[\d.]*\/)?auth/;

/** @param names in order; asked for at each request, since a reload may change them */
export function createAuthorization(directory: PluginDirectory, names: () => readonly string[]): Authorization {
  const ask = async (method: string, document: unknown, signal: AbortSignal) => {
    for (const name of new Set(names())) {
      const allowed = await askPlugin(directory, name, method, document, signal);
      if (!allowed.allow) {
        throw new WharfError('auth.denied', `authorization denied by plugin ${name}: ${allowed.message}`, { hint: '' });
      }
    }
  };
  return {
    get isActive() {
      return names().length > 0;
    },
    request: (request, { signal }) => ask('AuthZPlugin.AuthZReq', requestDocument(request), signal),
    answer: (request, answer, { signal }) =>
      ask('AuthZPlugin.AuthZRes', { ...requestDocument(request), ...answerDocument(request, answer) }, signal),
  };
}

async function askPlugin(
  directory: PluginDirectory,
  name: string,
  method: string,
  document: unknown,
  signal: AbortSignal,
): Promise<{ readonly allow: boolean; readonly message: string }> {
  try {
    const { client } = await directory.get(name, 'authz', { signal });
    const answer = await client.call(method, document, { signal });
    return { allow: field(answer, 'Allow') === true, message: textField(answer, 'Msg') };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('plugin.failed', `plugin ${name} failed with error: ${why}`, { cause, status: 500 });
  }
}

function requestDocument({ method, uri, headers, body, user, peerCertificates }: AuthorizationRequest) {
  return {
    ...(user === '' ? {} : { User: user, UserAuthNMethod: 'TLS' }),
    RequestMethod: method,
    RequestUri: uri,
    ...(body !== undefined && body.length > 0 && showsBody(uri, headers)
      ? { RequestBody: Buffer.from(body).toString('base64') }
      : {}),
    RequestHeaders: shownHeaders(headers),
    ...(peerCertificates.length === 0
      ? {}
      : { RequestPeerCertificates: peerCertificates.map((pem) => Buffer.from(pem).toString('base64')) }),
  };
}

function answerDocument({ uri }: AuthorizationRequest, { status, headers, body }: AuthorizationAnswer) {
  return {
    ResponseStatusCode: status,
    ...(body !== undefined && body.length > 0 && showsBody(uri, headers)
      ? { ResponseBody: Buffer.from(body).toString('base64') }
      : {}),
    ResponseHeaders: shownHeaders(headers),
  };
}

/** JSON, but not of sign-ins. */
export function showsBody(uri: string, headers: Readonly<Record<string, string>>): boolean {
  if (authPath.test(uri)) return false;
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  return type.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

/** In Go's spelling: `Content-Type`. */
function shownHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const shown = Object.entries(headers).filter(([name]) => !hiddenHeaders.has(name.toLowerCase()));
  return Object.fromEntries(
    shown.map(([name, value]) => [name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()), value]),
  );
}
