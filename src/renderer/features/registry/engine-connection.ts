import type { EngineClient } from '../../../client/engine-client.ts';
import type { RegistryConnection } from '../../registry-browser/registry-connection.ts';

/** A registry as this engine reaches it, signed in as the user of the app is. */
export function engineConnection(engine: EngineClient, registry: string): RegistryConnection {
  return {
    address: registry === 'docker.io' ? '' : registry,
    async request({ method, path, accept, body }, signal) {
      const answer = await engine.call('RegistryRequest', {
        query: { registry },
        body: {
          method,
          path,
          ...(accept === undefined ? {} : { accept }),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      return { status: answer.status, headers: answer.headers, text: answer.body };
    },
  };
}
