/** Names of the three IPC channels between preload and main. */
export const ipcChannels = {
  /** invoke(method, input) -> HostReply */
  invoke: 'wharf:invoke',
  /** main -> window: (event, payload) */
  event: 'wharf:event',
  /** Frames of engine-frames.ts, both ways. */
  engine: 'wharf:engine',
} as const;
