/** docs/reference/cli.md: the help text of every command, out of the command table. */
import { commandGroups, commandTable } from '../../src/cli/command-table.ts';
import { globalFlags } from '../../src/cli/global-flags.ts';
import { flagTable, renderCommandHelp } from '../../src/cli/help/render-help.ts';
import { daemonHelp } from '../../src/daemon/daemon-flags.ts';
import { generatedNote } from './api-reference.ts';

const columns = 100;
const block = (text: string) => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;

const intro = `# Commands

What \`wharf COMMAND --help\` and \`wharfd --help\` print. Grammar and output follow the docker command where the same command
exists there; exit codes too: the container's own, 125 when the engine refuses, 126 when the program can not be executed,
127 when it is not there.`;

export async function cliReference(): Promise<string> {
  const parts = [generatedNote('src/cli/command-table.ts and src/daemon/daemon-flags.ts'), intro];
  parts.push('## Options before the command', block(flagTable(globalFlags, columns)));
  for (const group of ['', ...Object.keys(commandGroups)]) {
    const rows = commandTable.filter(({ path }) => groupOf(path) === group);
    if (rows.length === 0) continue;
    parts.push(group === '' ? '## Other commands' : `## wharf ${group}`);
    const about = commandGroups[group];
    if (about) parts.push(`${about}.`);
    for (const { path, load } of rows) {
      const { command } = await load();
      parts.push(`### wharf ${path}`, block(renderCommandHelp(command, columns)));
    }
  }
  parts.push('## wharfd', block(daemonHelp()));
  return `${parts.join('\n\n')}\n`;
}

function groupOf(path: string): string {
  return path.split(' ').slice(0, -1).join(' ');
}
