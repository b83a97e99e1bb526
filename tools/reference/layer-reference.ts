/** docs/reference/layers.md out of the architecture lint's table. */
import { type Layer, layers, platformPlaces } from '../architecture-lint/layers.ts';
import { generatedNote } from './api-reference.ts';

const intro = `# Who may import whom

The table the architecture lint checks (\`npm run lint\`). The most specific row counts for a file. A file without a row fails,
and so does an import that its row does not list: its own folder is always allowed, nothing else is. "Types only" are
interfaces that somebody else wires to it.

Only ${platformPlaces.map((place) => `\`${place}\``).join(' and ')} may ask which operating system they run on.`;

export function layerReference(): string {
  const table = ['| Folder | May import | Types only | Node | Packages |', '|---|---|---|---|---|', ...layers.map(row)];
  return `${[generatedNote('tools/architecture-lint/layers.ts'), intro, table.join('\n')].join('\n\n')}\n`;
}

function row(layer: Layer): string {
  const cells = [
    `\`${layer.path}\``,
    listText(layer.imports),
    listText(layer.types),
    layer.node ? 'yes' : '',
    listText(layer.packages),
  ];
  return `| ${cells.join(' | ')} |`;
}

function listText(paths: readonly string[] = []): string {
  return paths.map((each) => `\`${each.replace(/^src\//, '')}\``).join(' ');
}
