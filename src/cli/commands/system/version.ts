import type { SystemVersion } from '../../../contract/engine-types.ts';
import { defineCommand } from '../../command.ts';
import { renderObjects } from '../../format/inspect-view.ts';
import { alignColumns } from '../../format/table.ts';
import { productVersion } from '../../product-version.ts';
import { operatingSystem } from '../../terminal/operating-system.ts';

/** Engine API version this client speaks. */
const clientApiVersion = '1.51';

export const command = defineCommand({
  path: ['version'],
  summary: 'Show the versions of this command and of the engine',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', short: 'f', help: "Output: 'json' or a Go template" },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { format } = ctx.flags;
    const system = operatingSystem();
    const client = {
      Version: productVersion,
      ApiVersion: clientApiVersion,
      DefaultAPIVersion: clientApiVersion,
      NodeVersion: process.version,
      Os: system.os,
      Arch: system.architecture,
      Context: ctx.contextName(),
    };
    let server: SystemVersion | null = null;
    let failure: unknown;
    try {
      const engine = await ctx.engine();
      server = await engine.call('SystemVersion', { signal: ctx.signal });
    } catch (error) {
      ctx.signal.throwIfAborted();
      failure = error;
    }
    if (format === undefined || format === '') await ctx.terminal.out(versionText(client, server));
    else
      await ctx.terminal.out(
        renderObjects([{ Client: client, Server: server }], format === 'json' ? '{{json .}}' : format),
      );
    // What is known of the client is printed in any case, as docker does.
    if (failure !== undefined) throw failure;
    return 0;
  },
});

type ClientVersion = Readonly<Record<'Version' | 'ApiVersion' | 'NodeVersion' | 'Os' | 'Arch' | 'Context', string>>;

function versionText(client: ClientVersion, server: SystemVersion | null): string {
  const lines = [
    'Client: Wharf',
    ` Version:\t${client.Version}`,
    ` API version:\t${client.ApiVersion}`,
    ` Node version:\t${client.NodeVersion}`,
    ` OS/Arch:\t${client.Os}/${client.Arch}`,
    ` Context:\t${client.Context}`,
  ];
  if (server !== null) lines.push('', ...serverLines(server));
  return alignColumns(`${lines.join('\n')}\n`, { minWidth: 20, padding: 1 });
}

function serverLines(server: SystemVersion): string[] {
  const name = server.Platform?.Name ?? '';
  const lines = [`Server:${name === '' ? '' : ` ${name}`}`];
  const components = server.Components ?? [];
  const engine = components.find((component) => component.Name === 'Engine');
  const details = engine?.Details ?? {};
  lines.push(
    ' Engine:',
    `  Version:\t${engine?.Version ?? server.Version}`,
    `  API version:\t${details.ApiVersion ?? server.ApiVersion} (minimum version ${details.MinAPIVersion ?? server.MinAPIVersion})`,
    `  Go version:\t${details.GoVersion ?? server.GoVersion}`,
    `  Git commit:\t${details.GitCommit ?? server.GitCommit}`,
    `  Built:\t${details.BuildTime ?? server.BuildTime}`,
    `  OS/Arch:\t${details.Os ?? server.Os}/${details.Arch ?? server.Arch}`,
    `  Experimental:\t${details.Experimental ?? String(server.Experimental)}`,
  );
  for (const component of components.filter((other) => other !== engine)) {
    lines.push(` ${component.Name}:`, `  Version:\t${component.Version}`);
    for (const [key, value] of Object.entries(component.Details ?? {}).sort()) lines.push(`  ${key}:\t${value}`);
  }
  return lines;
}
