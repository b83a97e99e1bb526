/**
 * What engine and parent say to each other over Node's IPC channel. The engine lives in a network namespace of its own, so
 * sockets that shall belong to the host's network are made by the parent and handed over as descriptors.
 */
export type HostSocketKind = 'listen-tcp' | 'bind-udp' | 'connect-tcp';

export interface HostSocketRequest {
  readonly id: number;
  readonly kind: HostSocketKind;
  readonly host: string;
  readonly port: number;
}

export type HostSocketReply =
  | { readonly id: number; readonly ok: true }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly holder?: string;
    };

export function parseHostSocketRequest(value: unknown): HostSocketRequest | undefined {
  const { id, kind, host, port } = fieldsOf(value);
  if (kind !== 'listen-tcp' && kind !== 'bind-udp' && kind !== 'connect-tcp') return undefined;
  if (typeof id !== 'number' || typeof host !== 'string' || typeof port !== 'number') return undefined;
  return { id, kind, host, port };
}

export function parseHostSocketReply(value: unknown): HostSocketReply | undefined {
  const { id, ok, code, message, holder } = fieldsOf(value);
  if (typeof id !== 'number' || typeof ok !== 'boolean') return undefined;
  if (ok) return { id, ok };
  const by = typeof holder === 'string' ? { holder } : {};
  return { id, ok, code: String(code), message: String(message), ...by };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
