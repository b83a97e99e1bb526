import { parseArgs } from 'node:util';
import { WharfError } from '../contract/errors.ts';

export interface GatewayArguments {
  /** As -H takes it; undefined: $WHARF_HOST, the current context, the default. */
  readonly engine: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly renderer: string | undefined;
  /** Start wharfd when none runs. */
  readonly daemon: string | undefined;
  readonly daemonArgs: readonly string[];
  readonly newLink: boolean;
  readonly help: boolean;
}

export const gatewayUsage = `Usage: wharf web [OPTIONS]

The desktop app in a browser on this machine

Options:
      --engine HOST        Engine to use: unix:///path or tcp://host:port
      --listen ADDR:PORT   Loopback address to listen on; the next free port is taken (default 127.0.0.1:8430)
      --renderer DIR       Built app to serve
      --daemon PATH        Start this wharfd when no engine answers
      --daemon-arg ARG     A flag for that wharfd; repeatable
      --new-link           Print a fresh sign-in link of the web host that runs already, and end
`;

/** @throws WharfError 'request.invalid' */
export function parseGatewayArguments(argv: readonly string[]): GatewayArguments {
  const { values } = parseOrExplain(argv);
  const listen = /^(.*):(\d{1,5})$/.exec(values.listen ?? '127.0.0.1:8430');
  const port = Number(listen?.[2]);
  if (listen === null || port > 65535) {
    throw new WharfError('request.invalid', `--listen ${values.listen}: not an address and a port`, {
      hint: 'For example --listen 127.0.0.1:8430.',
    });
  }
  return {
    engine: values.engine,
    host: (listen[1] ?? '').replace(/^\[|\]$/g, ''),
    port,
    renderer: values.renderer,
    daemon: values.daemon,
    daemonArgs: values['daemon-arg'] ?? [],
    newLink: values['new-link'] ?? false,
    help: values.help ?? false,
  };
}

function parseOrExplain(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        engine: { type: 'string' },
        listen: { type: 'string' },
        renderer: { type: 'string' },
        daemon: { type: 'string' },
        'daemon-arg': { type: 'string', multiple: true },
        'new-link': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new WharfError('request.invalid', cause instanceof Error ? cause.message : 'unknown arguments', {
      hint: 'See --help.',
      cause,
    });
  }
}
