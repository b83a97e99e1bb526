import type { HostEvent, HostEventPayload } from '../contract/host-api.ts';

export type HostEventListener = (event: HostEvent, payload: unknown, to: string | undefined) => void;

/** Announcements from the host's services to every window or socket, or to one of them. */
export class HostEvents {
  readonly #listeners = new Set<HostEventListener>();

  /** @param to id of the one caller it is meant for; absent: all of them */
  emit<E extends HostEvent>(event: E, payload: HostEventPayload<E>, to?: string): void {
    for (const listener of [...this.#listeners]) listener(event, payload, to);
  }

  listen(listener: HostEventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
