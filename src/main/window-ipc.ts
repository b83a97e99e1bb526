import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import type { Transport } from '../client/transport.ts';
import type { HostEvent, HostEventPayload, HostReply } from '../contract/host-api.ts';
import { ipcChannels } from '../contract/ipc-channels.ts';
import type { HostDispatch } from '../host/host-dispatch.ts';
import type { HostEvents } from '../host/host-events.ts';
import type { HostTerminals } from '../host/host-terminals.ts';
import { isAppUrl } from './app-protocol.ts';
import { EngineFrameServer } from './engine-frame-server.ts';

export interface WindowIpcServices {
  readonly dispatch: HostDispatch;
  readonly events: HostEvents;
  readonly terminals: HostTerminals;
  readonly relay: Transport;
}

/** Only the app's own page, in the main frame of a window: not an extension's frame, not a page from elsewhere. */
function isApp(event: IpcMainEvent | IpcMainInvokeEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && isAppUrl(frame.url);
}

/** The one IPC surface: host calls, host events, engine frames. */
export class WindowIpc {
  readonly #services: WindowIpcServices;
  readonly #windows = new Map<number, { contents: WebContents; engine: EngineFrameServer }>();

  constructor(services: WindowIpcServices) {
    this.#services = services;
    ipcMain.handle(ipcChannels.invoke, async (event, method: unknown, input: unknown): Promise<HostReply> => {
      if (!isApp(event))
        return { ok: false, error: { code: 'auth.denied', message: 'only the app may call its host' } };
      return await services.dispatch.call(method, input, { id: callerId(event.sender) });
    });
    ipcMain.on(ipcChannels.engine, (event, frame: unknown) => {
      if (isApp(event)) this.#windows.get(event.sender.id)?.engine.receive(frame);
    });
    services.events.listen((name, payload, to) => {
      for (const { contents } of this.#windows.values()) {
        if (to === undefined || to === callerId(contents)) contents.send(ipcChannels.event, name, payload);
      }
    });
  }

  /** Serves a window until it is gone. What a page opened ends when it is reloaded or left. */
  attach(contents: WebContents): void {
    const { relay, terminals } = this.#services;
    const engine = new EngineFrameServer(relay, (frame) => {
      if (!contents.isDestroyed()) contents.send(ipcChannels.engine, frame);
    });
    const { id } = contents;
    this.#windows.set(id, { contents, engine });
    const end = () => {
      engine.closeAll();
      terminals.closeAllOf(callerId(contents));
    };
    contents.on('did-navigate', end);
    contents.on('render-process-gone', end);
    contents.once('destroyed', () => {
      engine.closeAll();
      terminals.closeAllOf(`window-${id}`);
      this.#windows.delete(id);
    });
  }

  send<E extends HostEvent>(contents: WebContents, event: E, payload: HostEventPayload<E>): void {
    contents.send(ipcChannels.event, event, payload);
  }
}

function callerId(contents: WebContents): string {
  return `window-${contents.id}`;
}
