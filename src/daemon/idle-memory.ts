/** Memory goes back when nothing has been asked for a while; once a pause, so that an idle daemon does nothing at all. */
import type { ApiServer } from './http/listen.ts';
import { shrinkWorkingSet } from './linux/working-set.ts';

const quietMs = 3000;

export interface IdleMemory {
  /** Requests to this server end a pause. */
  watch(server: ApiServer): void;
}

export function createIdleMemory(onFailure: (error: unknown) => void): IdleMemory {
  const timer = setTimeout(() => void shrinkWorkingSet().catch(onFailure), quietMs).unref();
  const touch = () => timer.refresh();
  return {
    watch(server) {
      server.on('request', touch);
      server.on('upgrade', touch);
    },
  };
}
