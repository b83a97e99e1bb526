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

interface ServedWindow {
  readonly contents: WebContents;
  readonly engine: EngineFrameServer;
  /** The page has made its first call, so it listens. */
  listens: boolean;
  /** What was to be sent before. */
  waiting: (() => void)[];
}
const maxWaiting = 16;

/** The one IPC surface: host calls, host events, engine frames. */
export class WindowIpc {
  readonly #services: WindowIpcServices;
  readonly #windows = new Map<number, ServedWindow>();

  constructor(services: WindowIpcServices) {
    this.#services = services;
    ipcMain.handle(ipcChannels.invoke, async (event, method: unknown, input: unknown): Promise<HostReply> => {
      if (!isApp(event))
        return { ok: false, error: { code: 'auth.denied', message: 'only the app may call its host' } };
      this.#heard(event.sender.id);
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
    const served: ServedWindow = { contents, engine, listens: false, waiting: [] };
    this.#windows.set(id, served);
    const end = () => {
      served.listens = false;
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

  /** Sends one event to one window; waits until its page listens. */
  send<E extends HostEvent>(contents: WebContents, event: E, payload: HostEventPayload<E>): void {
    const served = this.#windows.get(contents.id);
    const send = () => contents.send(ipcChannels.event, event, payload);
    if (served === undefined || served.listens) send();
    else if (served.waiting.length < maxWaiting) served.waiting.push(send);
  }

  #heard(id: number): void {
    const served = this.#windows.get(id);
    if (served === undefined || served.listens) return;
    served.listens = true;
    for (const send of served.waiting.splice(0)) send();
  }
}

function callerId(contents: WebContents): string {
  return `window-${contents.id}`;
}
