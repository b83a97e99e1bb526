import { describe, expect, it } from 'vitest';
import { commandGroups, commandTable } from './command-table.ts';

describe('the command table', () => {
  it.each(commandTable.map((row) => [row.path, row] as const))('%s is what its file says', async (_path, row) => {
    const { command } = await row.load();
    expect(command.path.join(' ')).toBe(row.path);
    expect((command.aliases ?? []).map((words) => words.join(' ')).sort()).toEqual([...row.aliases].sort());
    expect(command.summary).not.toMatch(/\.$/);
    const letters = Object.values(command.flags).flatMap(({ short }) => (short === undefined ? [] : [short]));
    expect(new Set(letters).size).toBe(letters.length);
  });

  it('has no two commands of one name, and a text for every group', () => {
    const names = commandTable.flatMap(({ path, aliases }) => [path, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    const groups = names.filter((name) => name.includes(' ')).map((name) => name.slice(0, name.lastIndexOf(' ')));
    for (const group of groups) expect(Object.keys(commandGroups)).toContain(group);
  });
});
