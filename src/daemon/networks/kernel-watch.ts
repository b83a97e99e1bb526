/**
 * Notices when somebody takes away what the daemon made in the kernel, and has it put back.
 *
 *   netlink group ──something was deleted──► a moment of quiet ──► look: is all there? ──no──► put it back
 *
 *   rules        `nft flush ruleset`, a firewall that is reloaded, an `iptables -F`
 *   interfaces   `ip link del` of a bridge; its containers are plugged in again
 *
 * The kernel announces every change, our own too. Looking costs a fraction of a millisecond, and changes come in bursts, so
 * they are looked at once a burst.
 */
import { isWharfError } from '../../contract/errors.ts';
import { openMulticast } from '../linux/netlink-multicast.ts';
import { netlinkProtocols } from '../linux/netlink-socket.ts';

const quietMs = 150;
const nftables = 10 << 8;

/** What to listen to, and the types of messages that matter there. */
export const watched = {
  // NFT_MSG_*: a chain that is new (iptables' FORWARD may have come anew), and what is deleted.
  rules: {
    protocol: netlinkProtocols.netfilter,
    group: 7,
    types: new Set([2, 3, 5, 8, 11, 14].map((message) => nftables | message)),
  },
  // RTM_DELLINK
  links: { protocol: netlinkProtocols.route, group: 1, types: new Set([17]) },
} as const;

export interface KernelWatchOptions {
  readonly what: keyof typeof watched;
  /** Puts back what is gone. */
  readonly look: () => void | Promise<void>;
  readonly warn: (message: string) => void;
}

export class KernelWatch implements Disposable {
  readonly #o: KernelWatchOptions;
  #listening: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #told = '';

  constructor(options: KernelWatchOptions) {
    this.#o = options;
  }

  /** Does nothing where the kernel does not tell: then what is gone comes back when it is next used. */
  start(): void {
    if (this.#ended || this.#listening !== undefined) return;
    const { protocol, group, types } = watched[this.#o.what];
    const interesting: ReadonlySet<number> = types;
    try {
      this.#listening = openMulticast({
        protocol,
        group,
        onMessages: (seen) => {
          if (seen.some((type) => interesting.has(type))) this.#soon();
        },
        onEnd: () => {
          this.#listening = undefined;
          this.#soon();
        },
      });
    } catch (error) {
      if (!isWharfError(error)) throw error;
      this.#o.warn(`network: changes of ${this.#o.what} by others go unnoticed: ${error.message}`);
    }
  }

  #soon(): void {
    if (this.#timer !== undefined || this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#look().then(
        () => {
          this.#timer = undefined;
          this.start();
        },
        (error: unknown) => this.#o.warn(`network: put ${this.#o.what} back: ${String(error)}`),
      );
    }, quietMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#o.look();
    } catch (error) {
      if (!isWharfError(error)) throw error;
      // What can't be put back is tried at each burst; it is told once.
      if (error.message !== this.#told) this.#o.warn(`network: put ${this.#o.what} back: ${error.message}`);
      this.#told = error.message;
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }
}
