/** The netlink sockets of the host's network namespace, opened when first needed. */
import { type NetlinkSocket, openNetlink } from '../linux/netlink-socket.ts';

export class KernelSockets implements Disposable {
  #host: NetlinkSocket | undefined;
  #background: NetlinkSocket | undefined;

  /** For requests the kernel answers at once. */
  get host(): NetlinkSocket {
    this.#host ??= openNetlink();
    return this.#host;
  }

  /** For deletions, which wait for the kernel off the main thread. */
  get background(): NetlinkSocket {
    this.#background ??= openNetlink();
    return this.#background;
  }

  [Symbol.dispose](): void {
    this.#host?.[Symbol.dispose]();
    this.#background?.[Symbol.dispose]();
    this.#host = undefined;
    this.#background = undefined;
  }
}
