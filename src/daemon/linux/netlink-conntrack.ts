/**
 * Tracked connections through ctnetlink (linux/netfilter/nfnetlink_conntrack.h).
 *
 * A UDP flow keeps its address translation as long as packets come. When the container behind it is gone, its client would
 * go on talking to an address nobody has, or somebody else has by now: such flows are forgotten.
 */
import { type Attribute, decodeAttributes, encodeAttributes, u32 } from './netlink-codec.ts';
import { formatIp, type IpAddress } from './netlink-ip-address.ts';
import { isNetlinkError, type NetlinkSocket } from './netlink-socket.ts';

const subsystem = 1 << 8;
const CT_NEW = subsystem | 0;
const CT_GET = subsystem | 1;
const CT_DELETE = subsystem | 2;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_UDP = 17;
const headerBytes = 4;
const CTA = { original: 1, reply: 2, filter: 25 } as const;
const CTA_TUPLE = { ip: 1, protocol: 2 } as const;
const CTA_IP = { source4: 1, source6: 3 } as const;
const CTA_PROTO_NUM = 1;
const CTA_FILTER = { originalFlags: 1, replyFlags: 2 } as const;
const filterBySource = 1;
/** Attributes that hold others carry this bit. */
const nestedFlag = 0x8000;

/** struct nfgenmsg. */
function header(address: IpAddress): Buffer {
  const buffer = Buffer.alloc(headerBytes);
  buffer.writeUInt8(address.family === 'ipv4' ? AF_INET : AF_INET6, 0);
  return buffer;
}

const sourceOf = (address: IpAddress): number => (address.family === 'ipv4' ? CTA_IP.source4 : CTA_IP.source6);

/** Forgets UDP flows that are answered by this address. @returns how many */
export function forgetUdpFlows(netlink: NetlinkSocket, answeredBy: IpAddress): number {
  const wanted = formatIp(answeredBy.bytes);
  const filter: Attribute[] = [
    [CTA.reply, [[CTA_TUPLE.ip, [[sourceOf(answeredBy), answeredBy.bytes]]]]],
    [
      CTA.filter,
      [
        [CTA_FILTER.originalFlags, u32(0)],
        [CTA_FILTER.replyFlags, u32(filterBySource)],
      ],
    ],
  ];
  const attempt = `list tracked connections of ${wanted}`;
  // Kernels before 5.8 do not know the filter and answer all: what comes is checked again below.
  const answers = netlink.dump({
    type: CT_GET,
    payload: Buffer.concat([header(answeredBy), encodeAttributes(filter)]),
    attempt,
  });
  let forgotten = 0;
  for (const { type, payload } of answers) {
    if (type !== CT_NEW) continue;
    const attributes = decodeAttributes(payload.subarray(headerBytes));
    const original = attributes.get(CTA.original);
    if (original === undefined || !isUdpFrom(attributes.get(CTA.reply), answeredBy)) continue;
    forget(netlink, original, answeredBy);
    forgotten++;
  }
  return forgotten;
}

function isUdpFrom(tuple: Buffer | undefined, wanted: IpAddress): boolean {
  const parts = decodeAttributes(tuple ?? Buffer.alloc(0));
  const source = decodeAttributes(parts.get(CTA_TUPLE.ip) ?? Buffer.alloc(0)).get(sourceOf(wanted));
  const protocol = decodeAttributes(parts.get(CTA_TUPLE.protocol) ?? Buffer.alloc(0)).get(CTA_PROTO_NUM);
  return source !== undefined && formatIp(source) === formatIp(wanted.bytes) && protocol?.readUInt8(0) === IPPROTO_UDP;
}

function forget(netlink: NetlinkSocket, original: Buffer, wanted: IpAddress): void {
  const payload = Buffer.concat([header(wanted), encodeAttributes([[CTA.original | nestedFlag, original]])]);
  try {
    netlink.request({ type: CT_DELETE, payload, attempt: `forget a connection of ${formatIp(wanted.bytes)}` });
  } catch (error) {
    // It timed out between the two calls.
    if (!isNetlinkError(error, 'ENOENT')) throw error;
  }
}
