import { EventEmitter } from 'node:events';
import { protocol } from './url-schemes.ts';

export class Session extends EventEmitter {
  readonly protocol = protocol;
  readonly webRequest = { onHeadersReceived(): void {}, onBeforeSendHeaders(): void {}, onBeforeRequest(): void {} };
  readonly cookies = { get: async () => [], set: async () => {} };
  setPermissionRequestHandler(): void {}
  setPermissionCheckHandler(): void {}
  setSpellCheckerEnabled(): void {}
  setProxy = async () => {};
  clearStorageData = async () => {};
  clearCache = async () => {};
}

const defaultSession = new Session();
export const session = { defaultSession, fromPartition: () => defaultSession };
