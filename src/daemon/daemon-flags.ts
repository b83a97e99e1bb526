/**
 * wharfd's flags, as data: parsing, `--help` and the configuration file all read this one table. Named as dockerd's; the rows
 * stand in options/, by what they are about.
 */
import { absentFlags } from './options/absent-flags.ts';
import { containerFlags } from './options/container-flags.ts';
import type { DaemonFlag } from './options/daemon-flag.ts';
import { imageFlags } from './options/image-flags.ts';
import { networkFlags } from './options/network-flags.ts';
import { serviceFlags } from './options/service-flags.ts';

export type { DaemonFlag } from './options/daemon-flag.ts';

export const daemonFlags = {
  ...serviceFlags,
  ...imageFlags,
  ...containerFlags,
  ...networkFlags,
  ...absentFlags,
} as const;

export type FlagName = keyof typeof daemonFlags;

export const flagRows = Object.entries(daemonFlags) as readonly (readonly [FlagName, DaemonFlag])[];

export function daemonHelp(): string {
  const groups = [
    { title: 'Options', table: serviceFlags },
    { title: 'Images', table: imageFlags },
    { title: 'Containers', table: containerFlags },
    { title: 'Networks', table: networkFlags },
  ];
  const lines = ['Usage: wharfd [OPTIONS]', '', "The Wharf engine: runs containers, speaks Docker's Engine API."];
  const width = Math.max(...flagRows.map(([name, flag]) => leftColumn(name, flag).length)) + 2;
  for (const { title, table } of groups) {
    lines.push('', `${title}:`);
    for (const [name, flag] of Object.entries(table) as [string, DaemonFlag][]) {
      if (flag.refused === undefined) lines.push(`${leftColumn(name, flag).padEnd(width)}${flag.help}`);
    }
  }
  return [...lines, ''].join('\n');
}

function leftColumn(name: string, flag: DaemonFlag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  return `  ${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
}
