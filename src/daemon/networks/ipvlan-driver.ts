/** The driver `ipvlan`: containers share the parent's MAC address; in the modes l3 and l3s the parent routes between them. */
import { type IpvlanFlag, type IpvlanMode, ipvlanFlags, ipvlanModes } from '../linux/netlink-child-links.ts';
import { type ChildLinkKind, refused } from './child-link-driver.ts';
import { dummyName } from './parent-link.ts';

const isMode = (text: string): text is IpvlanMode => Object.hasOwn(ipvlanModes, text);
const isFlag = (text: string): text is IpvlanFlag => Object.hasOwn(ipvlanFlags, text);

function modeOf(options: Readonly<Record<string, string>>): IpvlanMode {
  const mode = options.ipvlan_mode || 'l2';
  if (isMode(mode)) return mode;
  throw refused(`requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`);
}

function flagOf(options: Readonly<Record<string, string>>): IpvlanFlag {
  const flag = options.ipvlan_flag || 'bridge';
  if (isFlag(flag)) return flag;
  throw refused(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
}

export const ipvlan: ChildLinkKind = {
  name: 'ipvlan',
  dummyPrefix: 'di',
  ownMac: false,
  parse: (options) => ({ kind: 'ipvlan', mode: modeOf(options), flag: flagOf(options) }),
  leadsByLink: (options) => modeOf(options) !== 'l2',
  checkShared(_draft, other) {
    throw refused(`network ${dummyName('di', other.id)} is already using parent interface ${other.bridge}`);
  },
};
