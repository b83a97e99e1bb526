/**
 * Notices when somebody takes the daemon's rules away: `nft flush ruleset`, a firewall that is reloaded, an `iptables -F`.
 *
 *   nfnetlink group NFTABLES ──something was deleted──► a moment of quiet ──► are our rules there? ──no──► put them back
 *
 * The kernel announces every change, our own too. Looking costs a fraction of a millisecond, and changes come in bursts, so
 * they are looked at once a burst.
 */
import { isWharfError } from '../../contract/errors.ts';
import { openMulticast } from '../linux/netlink-multicast.ts';
import { netlinkProtocols } from '../linux/netlink-socket.ts';
import type { Firewall } from './firewall.ts';

const nftablesGroup = 7;
const subsystem = 10 << 8;
/** NFT_MSG_*: a chain that is new (iptables' FORWARD may have come anew), and what is deleted. */
const interesting = new Set([2, 3, 5, 8, 11, 14].map((message) => subsystem | message));
const quietMs = 150;

export interface FirewallWatchOptions {
  readonly firewall: Firewall;
  readonly warn: (message: string) => void;
}

export class FirewallWatch implements Disposable {
  readonly #o: FirewallWatchOptions;
  #listening: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: FirewallWatchOptions) {
    this.#o = options;
  }

  /** Does nothing where the kernel does not tell: then rules come back with the next change of ours. */
  start(): void {
    if (this.#ended || this.#listening !== undefined) return;
    try {
      this.#listening = openMulticast({
        protocol: netlinkProtocols.netfilter,
        group: nftablesGroup,
        onMessages: (types) => {
          if (types.some((type) => interesting.has(type))) this.#soon();
        },
        onEnd: () => {
          this.#listening = undefined;
          this.#soon();
        },
      });
    } catch (error) {
      if (!isWharfError(error)) throw error;
      this.#o.warn(`network: changes of the firewall by others go unnoticed: ${error.message}`);
    }
  }

  #soon(): void {
    if (this.#timer !== undefined || this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      this.start();
    }, quietMs);
    this.#timer.unref();
  }

  #look(): void {
    try {
      if (this.#o.firewall.repair()) this.#o.warn('network: somebody removed the rules of the firewall; they are back');
    } catch (error) {
      if (!isWharfError(error)) throw error;
      this.#o.warn(`network: put the rules of the firewall back: ${error.message}`);
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }
}
