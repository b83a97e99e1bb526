/** Settings of images: where they come from and how they are stored. */
import type { FlagTable } from './daemon-flag.ts';

export const imageFlags = {
  'registry-mirror': { kind: 'list', key: 'registry-mirrors', value: 'URL', help: 'Asked before Docker Hub' },
  'registry-fallback': {
    kind: 'list',
    key: 'registry-fallbacks',
    value: 'URL',
    help: 'Asked when a registry can not be reached or does not know the image',
  },
  'insecure-registry': {
    kind: 'list',
    key: 'insecure-registries',
    value: 'HOST|CIDR',
    help: 'May speak plain HTTP or show an unknown certificate',
  },
  'max-concurrent-downloads': {
    kind: 'number',
    key: 'max-concurrent-downloads',
    value: 'N',
    help: 'Layers of a pull that are fetched at the same time (default 3)',
  },
  'max-concurrent-uploads': {
    kind: 'number',
    key: 'max-concurrent-uploads',
    value: 'N',
    help: 'Layers of a push that are sent at the same time (default 5)',
  },
  'max-download-attempts': {
    kind: 'number',
    key: 'max-download-attempts',
    value: 'N',
    help: 'Tries for each layer of a pull (default 5)',
  },
  'layer-max-size': {
    kind: 'bytes',
    key: 'layer-max-size',
    value: 'BYTES',
    help: 'Most that one layer may hold unpacked (default 256g); a larger one is refused',
  },
  'layer-max-entries': {
    kind: 'number',
    key: 'layer-max-entries',
    value: 'N',
    help: 'Most files, folders and links that one layer may hold (default 4000000)',
  },
  'trust-policy': {
    kind: 'text',
    key: 'trust-policy',
    value: 'PATH',
    help: 'Which repositories must be signed by whom (default /etc/wharf/trust-policy.json, where there is one)',
  },
  'http-proxy': {
    kind: 'text',
    key: 'http-proxy',
    value: 'URL',
    help: 'Proxy for plain HTTP to registries: http, https or socks5',
  },
  'https-proxy': {
    kind: 'text',
    key: 'https-proxy',
    value: 'URL',
    help: 'Proxy for HTTPS to registries: http, https or socks5',
  },
  'no-proxy': {
    kind: 'text',
    key: 'no-proxy',
    value: 'HOSTS',
    help: 'Hosts and addresses to reach without the proxy, by commas',
  },
  'storage-driver': {
    kind: 'text',
    short: 's',
    key: 'storage-driver',
    value: 'NAME',
    help: 'overlay or copy (default the best that works here)',
  },
  'storage-opt': { kind: 'list', key: 'storage-opts', value: 'KEY=VALUE', help: 'Options of the storage driver' },
  'allow-nondistributable-artifacts': {
    kind: 'list',
    key: 'allow-nondistributable-artifacts',
    value: 'HOST',
    help: 'Deprecated, without effect: layers are pushed to whichever registry is asked for',
  },
  builder: {
    kind: 'json',
    key: 'builder',
    help: 'Refused',
    refused: 'there is no build cache in this engine to collect',
  },
} as const satisfies FlagTable;
