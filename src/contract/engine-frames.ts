import { type Static, Type } from 'typebox';

/**
 * Frames of the engine relay between a renderer and Electron's main process: many requests over one port, each a stream
 * id chosen by the renderer (never reused).
 *
 *   renderer -> main                          main -> renderer
 *   open    {id, kind, method, path, ...}     head   {id, status, headers}     once
 *   data    {id, bytes}    body or stdin      data   {id, bytes}
 *   end     {id}           body or stdin ends end    {id}                      the answer is complete
 *   credit  {id, bytes}    may send more      credit {id, bytes}
 *   abort   {id}                              fail   {id, error}               instead of head, or after it
 *
 * Back-pressure: each side may have `initialCredit` bytes of data frames of one stream under way, in each direction; the
 * reader gives credit back as its consumer takes bytes. A peer that sends beyond its credit is cut off.
 */
export const initialCredit = 1024 * 1024;
/** A data frame carries at most this many bytes. */
export const maxFrameBytes = 64 * 1024;

const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const headers = Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 65536 }));
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown());
const credit = Type.Object({ type: Type.Literal('credit'), id, bytes: Type.Integer({ minimum: 1 }) });
const data = Type.Object({ type: Type.Literal('data'), id, bytes });
const end = Type.Object({ type: Type.Literal('end'), id });

export const RendererFrame = Type.Union([
  Type.Object({
    type: Type.Literal('open'),
    id,
    kind: Type.Union([Type.Literal('request'), Type.Literal('hijack')]),
    method: Type.String({ maxLength: 16 }),
    path: Type.String({ minLength: 1, maxLength: 65536 }),
    headers,
    /** A whole body; absent: none, or `streamed`. */
    body: Type.Optional(bytes),
    streamed: Type.Boolean(),
  }),
  data,
  end,
  credit,
  Type.Object({ type: Type.Literal('abort'), id }),
]);
export type RendererFrame = Static<typeof RendererFrame>;

export const MainFrame = Type.Union([
  Type.Object({ type: Type.Literal('head'), id, status: Type.Integer(), headers }),
  data,
  end,
  credit,
  Type.Object({
    type: Type.Literal('fail'),
    id,
    error: Type.Object({ code: Type.String(), message: Type.String(), hint: Type.Optional(Type.String()) }),
  }),
]);
export type MainFrame = Static<typeof MainFrame>;
