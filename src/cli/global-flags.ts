import type { FlagTable } from './command.ts';

/** Flags that stand before the command: `wharf -H tcp://lab:2375 ps`. */
export const globalFlags = {
  config: { type: 'string', metavar: 'dir', help: 'Folder of settings (default $WHARF_HOME, else ~/.wharf)' },
  context: { type: 'string', short: 'c', help: 'Engine to talk to, by context name' },
  debug: { type: 'bool', short: 'D', help: 'Show where errors come from' },
  host: { type: 'string', short: 'H', help: 'Engine to talk to, by address' },
  tls: { type: 'bool', help: 'Use TLS; implied by --tlsverify' },
  tlscacert: {
    type: 'string',
    metavar: 'file',
    help: "Authority of the engine's certificate (default ca.pem beside the next)",
  },
  tlscert: {
    type: 'string',
    metavar: 'file',
    help: 'Certificate of this client (default cert.pem of $DOCKER_CERT_PATH)',
  },
  tlskey: { type: 'string', metavar: 'file', help: 'Its key (default key.pem of $DOCKER_CERT_PATH)' },
  tlsverify: { type: 'bool', help: "Use TLS and verify the engine's certificate" },
  version: { type: 'bool', short: 'v', help: 'Print the version and quit' },
} as const satisfies FlagTable;
