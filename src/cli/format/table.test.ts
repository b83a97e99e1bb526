import { describe, expect, it } from 'vitest';
import { alignColumns, ellipsis, shortId } from './table.ts';

describe('alignColumns', () => {
  it('pads to the widest cell and three spaces, at least ten wide, the last column never', () => {
    expect(alignColumns('ID\tNAME\tLAST\nabcdefghijkl\tx\ty\n')).toBe(
      'ID             NAME      LAST\nabcdefghijkl   x         y\n',
    );
  });

  it('keeps empty cells their width', () => {
    expect(alignColumns('A\tB\tC\n1\t\t3\n')).toBe('A         B         C\n1                   3\n');
  });

  it('lays out each run of lines with a column by itself', () => {
    const text = alignColumns(' Version:\t1\n\nServer:\n  API version:\t2\n', { minWidth: 20, padding: 1 });
    expect(text).toBe(' Version:           1\n\nServer:\n  API version:      2\n');
  });

  it('counts characters, not bytes', () => {
    expect(alignColumns('"é…"\tx\n')).toBe('"é…"      x\n');
  });
});

describe('shortening', () => {
  it('ends with an ellipsis inside the given width', () => {
    expect(ellipsis('nginx -g daemon off; and more', 20)).toBe('nginx -g daemon off…');
    expect(ellipsis('short', 20)).toBe('short');
  });

  it('takes the first twelve digits of an ID', () => {
    expect(shortId(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
  });
});
