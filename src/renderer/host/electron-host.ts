import { fromWireError, type HostApi, type PreloadBridge } from '../../contract/host-api.ts';

/** HostApi over the preload bridge. Main validates inputs and outputs against the contract, so answers are trusted here. */
export function createElectronHost(bridge: PreloadBridge): HostApi {
  return {
    kind: 'electron',
    async invoke(method, input) {
      const reply = await bridge.invoke(method, input);
      if (!reply.ok) throw fromWireError(reply.error);
      return reply.value as never;
    },
    on: (event, listener) => bridge.on(event, (payload) => listener(payload as never)),
  };
}
