import { EventEmitter } from 'node:events';

export type IpcHandler = (event: unknown, ...args: unknown[]) => unknown;

/** Electron's `ipcMain`: events by `on`, calls by `handle`. */
export class IpcMain extends EventEmitter {
  readonly #handlers = new Map<string, { readonly handler: IpcHandler; readonly once: boolean }>();

  handle(channel: string, handler: IpcHandler): void {
    this.#add(channel, handler, false);
  }
  handleOnce(channel: string, handler: IpcHandler): void {
    this.#add(channel, handler, true);
  }
  removeHandler(channel: string): void {
    this.#handlers.delete(channel);
  }
  async standinCall(channel: string, event: unknown, args: readonly unknown[]): Promise<unknown> {
    const entry = this.#handlers.get(channel);
    if (entry === undefined) throw new Error(`No handler registered for '${channel}'`);
    if (entry.once) this.#handlers.delete(channel);
    return await entry.handler(event, ...args);
  }

  #add(channel: string, handler: IpcHandler, once: boolean): void {
    if (this.#handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.#handlers.set(channel, { handler, once });
  }
}

export const ipcMain = new IpcMain();
