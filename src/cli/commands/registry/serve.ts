import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';

export const command = defineCommand({
  path: ['registry', 'serve'],
  summary: 'Serve images from a folder of this machine',
  usage: '[OPTIONS] --root DIR',
  flags: {
    'anonymous-read': { type: 'bool', help: 'Let everybody pull; only pushing needs a user' },
    htpasswd: { type: 'string', metavar: 'file', help: 'Users who may push and pull (see `wharf registry user add`)' },
    listen: { type: 'string', metavar: 'addr:port', help: 'Address to listen on (default 127.0.0.1:5055)' },
    quiet: { type: 'bool', short: 'q', help: 'Do not log requests' },
    root: { type: 'string', metavar: 'dir', help: 'Folder that holds the images' },
    settings: { type: 'string', metavar: 'file', help: 'Access rules, limits, collection and audit log, as JSON' },
    'tls-cert': { type: 'string', metavar: 'file', help: 'Certificate, for https' },
    'tls-key': { type: 'string', metavar: 'file', help: 'Key of the certificate' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const pair = (name: 'htpasswd' | 'listen' | 'root' | 'settings' | 'tls-cert' | 'tls-key'): string[] => {
      const value = flags[name];
      return value === undefined ? [] : [`--${name}`, value];
    };
    const switches = [...(flags['anonymous-read'] ? ['--anonymous-read'] : []), ...(flags.quiet ? ['--quiet'] : [])];
    const options = [
      ...pair('listen'),
      ...pair('root'),
      ...pair('htpasswd'),
      ...pair('settings'),
      ...pair('tls-cert'),
      ...pair('tls-key'),
      ...switches,
    ];
    return runChild(ctx, {
      program: process.execPath,
      args: [productProgram('out/registry/server.mjs'), 'serve', ...options],
    });
  },
});
