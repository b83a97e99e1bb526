/** The driver `macvlan`: containers are neighbours of the parent's Ethernet, with MAC addresses of their own. */
import { type MacvlanMode, macvlanModes } from '../linux/netlink-child-links.ts';
import { type ChildLinkKind, refused } from './child-link-driver.ts';

const isMode = (text: string): text is MacvlanMode => Object.hasOwn(macvlanModes, text);

function modeOf(options: Readonly<Record<string, string>>): MacvlanMode {
  const mode = options.macvlan_mode || 'bridge';
  if (isMode(mode)) return mode;
  throw refused(`requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`);
}

export const macvlan: ChildLinkKind = {
  name: 'macvlan',
  dummyPrefix: 'dm',
  ownMac: true,
  parse: (options) => ({ kind: 'macvlan', mode: modeOf(options) }),
  leadsByLink: () => false,
  checkShared(draft, other) {
    if (modeOf(draft.options) === 'passthru') {
      throw refused(
        `cannot use mode passthru, macvlan network ${other.id} is already using parent interface ${other.bridge}`,
      );
    }
    if (modeOf(other.options) === 'passthru') {
      throw refused(`macvlan network ${other.id} is already using parent interface ${other.bridge} in mode passthru`);
    }
  },
};
