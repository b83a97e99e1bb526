import { createEngineClient, type EngineClient } from '../../client/engine-client.ts';
import { createSocketTransport, parseEngineAddress } from '../../client/node/socket-transport.ts';
import type { ClientTls } from '../../client/node/tls-socket.ts';

/** A client of the engine at an address; nothing is sent yet. @throws WharfError for an address of an unknown kind */
export function connectEngine(address: string, tls?: ClientTls): EngineClient {
  return createEngineClient(createSocketTransport(parseEngineAddress(address, tls)));
}
