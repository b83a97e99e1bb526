/**
 * Connection pools whose TCP connections somebody else makes: an ordinary user's engine lives in a network of its own, where
 * the host's loopback (a registry on localhost) is another one, so its parent connects.
 */
import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** Connects in the host's network; nothing was read of the connection yet. */
export type Dial = (host: string, port: number) => Promise<Socket>;

export interface AgentPair {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

interface Destination {
  readonly host?: string | null;
  readonly port?: number | string | null;
}
type Done = (error: Error | null, stream: Duplex) => void;

export function createAgents(pool: AgentOptions, dial: Dial | undefined): AgentPair {
  if (dial === undefined) return { http: new HttpAgent(pool), https: new HttpsAgent(pool) };
  return { http: new DiallingHttpAgent(pool, dial), https: new DiallingHttpsAgent(pool, dial) };
}

class DiallingHttpAgent extends HttpAgent {
  readonly #dial: Dial;

  constructor(pool: AgentOptions, dial: Dial) {
    super(pool);
    this.#dial = dial;
  }

  override createConnection(options: Destination, done?: Done): undefined {
    const { host, port } = destinationOf(options, 80);
    this.#dial(host, port).then((socket) => done?.(null, socket), failing(done));
  }
}

class DiallingHttpsAgent extends HttpsAgent {
  readonly #dial: Dial;

  constructor(pool: HttpsAgentOptions, dial: Dial) {
    super(pool);
    this.#dial = dial;
  }

  override createConnection(options: Destination & ConnectionOptions, done?: Done): undefined {
    const { host, port } = destinationOf(options, 443);
    this.#dial(host, port).then((socket) => done?.(null, connectTls({ ...options, socket })), failing(done));
  }
}

function destinationOf({ host, port }: Destination, usualPort: number): { host: string; port: number } {
  return { host: host ?? 'localhost', port: Number(port ?? usualPort) };
}

/** Node's own type of the callback wants a stream even with an error; it looks at the error first. */
function failing(done: ((error: Error | null, stream: never) => void) | undefined): (error: Error) => void {
  return (error) => Reflect.apply(done ?? (() => undefined), undefined, [error]);
}
