import path from 'node:path';
import type { ClientTls } from '../../client/node/tls-socket.ts';

/** The global flags that say so. */
export interface TlsFlags {
  readonly tls: boolean;
  readonly tlsverify: boolean;
  readonly tlscacert: string | undefined;
  readonly tlscert: string | undefined;
  readonly tlskey: string | undefined;
}

/**
 * Whether and how to encrypt, as docker decides it: flags, then $WHARF_TLS_VERIFY or $DOCKER_TLS_VERIFY, then the context's
 * own folder; `https://` too. Files that no flag names are in $WHARF_CERT_PATH, $DOCKER_CERT_PATH, or `home`.
 */
export function chooseTls(
  flags: TlsFlags,
  engine: { readonly host: string; readonly tlsFolder?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): ClientTls | undefined {
  if (!/^(tcp|https?):/.test(engine.host)) return undefined;
  const verify = flags.tlsverify || Boolean(env.WHARF_TLS_VERIFY || env.DOCKER_TLS_VERIFY);
  const named = engine.tlsFolder ?? (env.WHARF_CERT_PATH || env.DOCKER_CERT_PATH);
  const byContext = engine.tlsFolder !== undefined;
  const byFile = [flags.tlscacert, flags.tlscert, flags.tlskey].some((file) => file !== undefined);
  if (!verify && !flags.tls && !byContext && !byFile && !engine.host.startsWith('https:')) return undefined;
  const folder = named ?? home;
  return {
    // Only an outspoken `--tls` alone trusts whoever answers.
    verify: verify || !flags.tls,
    ca: flags.tlscacert ?? path.join(folder, 'ca.pem'),
    cert: flags.tlscert ?? path.join(folder, 'cert.pem'),
    key: flags.tlskey ?? path.join(folder, 'key.pem'),
  };
}
