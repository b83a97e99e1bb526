import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';

export const command = defineCommand({
  path: ['registry', 'serve'],
  summary: 'Serve images from a folder of this machine',
  usage: '[OPTIONS] --root DIR',
  flags: {
    'anonymous-read': { type: 'bool', help: 'Let everybody pull; only pushing needs a user' },
    'cache-size': { type: 'string', metavar: 'size', help: 'Most a cache holds (50g); what was used longest ago goes' },
    htpasswd: { type: 'string', metavar: 'file', help: 'Users who may push and pull (see `wharf registry user add`)' },
    listen: { type: 'string', metavar: 'addr:port', help: 'Address to listen on (default 127.0.0.1:5055)' },
    quiet: { type: 'bool', short: 'q', help: 'Do not log requests' },
    root: { type: 'string', metavar: 'dir', help: 'Folder that holds the images, or s3://BUCKET/PREFIX' },
    settings: {
      type: 'string',
      metavar: 'file',
      help: 'Access rules, limits, quotas, retention, caches and audit log, as JSON',
    },
    'tag-ttl': { type: 'int', help: 'Seconds a cache believes a tag before it asks the upstream again (default 300)' },
    'tls-cert': { type: 'string', metavar: 'file', help: 'Certificate, for https' },
    'tls-key': { type: 'string', metavar: 'file', help: 'Key of the certificate' },
    upstream: { type: 'string', metavar: 'url', help: 'Be a cache of this registry; pushes are refused then' },
    'upstream-credentials': {
      type: 'string',
      metavar: 'file',
      help: 'Sign-in at the upstream: JSON with username and password',
    },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const valued = [
      'listen',
      'root',
      'htpasswd',
      'settings',
      'tls-cert',
      'tls-key',
      'upstream',
      'upstream-credentials',
      'tag-ttl',
      'cache-size',
    ] as const;
    const options = valued.flatMap((name) => {
      const value = flags[name];
      return value === undefined ? [] : [`--${name}`, String(value)];
    });
    const switches = [...(flags['anonymous-read'] ? ['--anonymous-read'] : []), ...(flags.quiet ? ['--quiet'] : [])];
    return runChild(ctx, {
      program: process.execPath,
      args: [productProgram('out/registry/server.mjs'), 'serve', ...options, ...switches],
    });
  },
});
