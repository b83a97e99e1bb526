import { createEngineClient, type EngineClient } from '../../client/engine-client.ts';
import { createSocketTransport, parseEngineAddress } from '../../client/node/socket-transport.ts';

/** A client of the engine at an address; nothing is sent yet. @throws WharfError for an address of an unknown kind */
export function connectEngine(address: string): EngineClient {
  return createEngineClient(createSocketTransport(parseEngineAddress(address)));
}
