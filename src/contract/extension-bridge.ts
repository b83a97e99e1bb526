import { type Static, Type } from 'typebox';
import { ExtensionExec, ServiceRequest } from './host-schemas.ts';

/**
 * Messages between an extension's page (in a sandboxed frame of another origin, where dd-client.ts runs) and the app.
 *
 * The app owns the connection: after the frame has loaded it makes a MessageChannel and posts `{type: connectMessage}` to
 * the frame with one port, to the extension's exact origin. The frame takes a port only from its parent. Calls go up the
 * port, answers and streamed output come down. Nothing in a call is trusted: the app adds the extension's name itself, and
 * the host checks each call against what was granted.
 */
export const connectMessage = 'wharf-extension-connect';
/** The frame says it is ready to be connected: `{type: readyMessage}` to its parent. */
export const readyMessage = 'wharf-extension-ready';

const id = Type.Integer({ minimum: 1 });
const { name: _addedByTheApp, ...exec } = ExtensionExec.properties;
const { name: _addedByTheAppToo, ...service } = ServiceRequest.properties;
const text = (maxLength: number) => Type.String({ maxLength });

const DockerQuery = Type.Object({
  all: Type.Optional(Type.Boolean()),
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  size: Type.Optional(Type.Boolean()),
  digests: Type.Optional(Type.Boolean()),
  /** As the Engine API takes it (JSON text), or as an object of lists. */
  filters: Type.Optional(Type.Union([text(8192), Type.Record(Type.String(), Type.Array(text(1024)))])),
});

export const navigateViews = [
  'viewContainers',
  'viewContainer',
  'viewContainerLogs',
  'viewContainerInspect',
  'viewContainerTerminal',
  'viewContainerStats',
  'viewImages',
  'viewImage',
  'viewVolumes',
  'viewVolume',
] as const;

export const ExtensionCall = Type.Union([
  Type.Object({ id, op: Type.Literal('exec'), ...exec }),
  /** Output comes as ExtensionOutput with this `id` until `closed`; the call itself is answered when it has started. */
  Type.Object({ id, op: Type.Literal('execStream'), ...exec }),
  Type.Object({ id, op: Type.Literal('execKill'), stream: id }),
  Type.Object({ id, op: Type.Literal('service'), ...service }),
  Type.Object({ id, op: Type.Literal('listContainers'), query: DockerQuery }),
  Type.Object({ id, op: Type.Literal('listImages'), query: DockerQuery }),
  Type.Object({
    id,
    op: Type.Literal('toast'),
    level: Type.Union([Type.Literal('success'), Type.Literal('warning'), Type.Literal('error')]),
    message: text(2000),
  }),
  Type.Object({
    id,
    op: Type.Literal('openDialog'),
    title: Type.Optional(text(200)),
    buttonLabel: Type.Optional(text(60)),
    directory: Type.Boolean(),
    multiple: Type.Boolean(),
  }),
  Type.Object({
    id,
    op: Type.Literal('navigate'),
    view: Type.Enum([...navigateViews]),
    target: Type.Optional(text(512)),
    tag: Type.Optional(text(128)),
  }),
  Type.Object({ id, op: Type.Literal('openExternal'), url: text(8192) }),
]);
export type ExtensionCall = Static<typeof ExtensionCall>;

export type ExtensionAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly value?: unknown;
    };

export type ExtensionOutput =
  | { readonly stream: number; readonly kind: 'stdout' | 'stderr'; readonly data: string }
  | { readonly stream: number; readonly kind: 'closed'; readonly code: number; readonly error: string };
