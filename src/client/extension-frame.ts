import { Value } from 'typebox/value';
import { isWharfError, WharfError } from '../contract/errors.ts';
import { type ExtensionAnswer, ExtensionCall, type ExtensionOutput } from '../contract/extension-bridge.ts';
import type { HostApi } from '../contract/host-api.ts';

/** What the app itself does for an extension: it has the pages and the toasts. */
export interface ExtensionUi {
  toast(level: 'success' | 'warning' | 'error', message: string): void;
  /** @throws WharfError 'request.not-found' when what should be shown does not exist */
  navigate(view: string, target: string | undefined, tag: string | undefined): Promise<void>;
  openExternal(url: string): Promise<void>;
}

/** The app's end of the channel: a MessagePort, or anything that behaves as one. */
export interface BridgePort {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  close(): void;
}

/**
 * Serves one extension's page over `port` until disposed. The extension's name is fixed here, so a page can not speak for
 * another one; what it may do is checked by the host. Ending it ends the commands it started.
 */
export function serveExtensionFrame(name: string, port: BridgePort, host: HostApi, ui: ExtensionUi): Disposable {
  const streams = new Map<string, number>();
  const prefix = `x${Math.random().toString(36).slice(2, 10)}-`;
  const send = (message: ExtensionAnswer | ExtensionOutput) => port.postMessage(message);
  const offOutput = host.on('extensions.execOutput', ({ execId, stream, data }) => {
    const id = streams.get(execId);
    if (id !== undefined) send({ stream: id, kind: stream, data });
  });
  const offClosed = host.on('extensions.execClosed', ({ execId, code, error }) => {
    const id = streams.get(execId);
    if (id === undefined) return;
    streams.delete(execId);
    send({ stream: id, kind: 'closed', code, error });
  });

  async function answer(call: ExtensionCall): Promise<unknown> {
    switch (call.op) {
      case 'exec': {
        const { id: _id, op: _op, ...exec } = call;
        return await host.invoke('extensions.exec', { ...exec, name });
      }
      case 'execStream': {
        const { id, op: _op, ...exec } = call;
        const execId = `${prefix}${id}`;
        streams.set(execId, id);
        return await host.invoke('extensions.execStream', { ...exec, name, execId }).catch((error) => {
          streams.delete(execId);
          throw error;
        });
      }
      case 'execKill':
        return await host.invoke('extensions.execKill', { execId: `${prefix}${call.stream}` });
      case 'service': {
        const { id: _id, op: _op, ...request } = call;
        return await host.invoke('extensions.request', { ...request, name });
      }
      case 'listContainers':
      case 'listImages': {
        const { filters, ...rest } = call.query;
        const text = typeof filters === 'object' ? JSON.stringify(filters) : filters;
        const query = { ...rest, ...(text === undefined ? {} : { filters: text }) };
        return await host.invoke('extensions.docker', { name, operation: call.op, query });
      }
      case 'toast':
        return ui.toast(call.level, call.message);
      case 'openDialog': {
        const { id: _id, op: _op, ...choice } = call;
        const chosen = await host.invoke('dialog.openFile', choice);
        return { canceled: chosen.canceled, filePaths: chosen.paths };
      }
      case 'navigate':
        return await ui.navigate(call.view, call.target, call.tag);
      case 'openExternal':
        if (!/^https?:\/\//i.test(call.url)) {
          throw new WharfError('request.invalid', 'only http and https addresses may be opened');
        }
        return await ui.openExternal(call.url);
    }
  }

  port.onmessage = ({ data }) => {
    if (!Value.Check(ExtensionCall, data)) {
      const id = typeof data === 'object' && data !== null && 'id' in data ? Number(data.id) : 0;
      send({ id, ok: false, code: 'request.invalid', message: 'the extension made a call Wharf does not know' });
      return;
    }
    answer(data).then(
      (value) => send({ id: data.id, ok: true, value: value ?? null }),
      (error: unknown) => {
        const code = isWharfError(error) ? error.code : 'internal';
        send({ id: data.id, ok: false, code, message: error instanceof Error ? error.message : String(error) });
      },
    );
  };

  return {
    [Symbol.dispose]() {
      offOutput();
      offClosed();
      for (const execId of streams.keys()) void host.invoke('extensions.execKill', { execId }).catch(() => {});
      streams.clear();
      port.close();
    },
  };
}
