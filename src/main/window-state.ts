import path from 'node:path';
import { type BrowserWindow, screen } from 'electron';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { readIfThere, writeAtomic } from '../machine/atomic-file.ts';

const WindowState = Type.Object({
  x: Type.Integer(),
  y: Type.Integer(),
  width: Type.Integer({ minimum: 400 }),
  height: Type.Integer({ minimum: 300 }),
  maximized: Type.Boolean(),
});
export interface WindowState {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

const fresh: WindowState = { width: 1280, height: 820, maximized: false };
const writeAfterMs = 500;

/** Where the window was when it was last open, if that place is still on a screen. */
export async function readWindowState(home: string): Promise<WindowState> {
  const text = await readIfThere(file(home));
  if (text === undefined) return fresh;
  try {
    const value: unknown = JSON.parse(text);
    if (!Value.Check(WindowState, value)) return fresh;
    return isVisible(value) ? value : { ...fresh, maximized: value.maximized };
  } catch {
    return fresh;
  }
}

/** Writes the window's place a moment after each change of it. */
export function keepWindowState(window: BrowserWindow, home: string): void {
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    timer = undefined;
    if (window.isDestroyed()) return;
    const state = { ...window.getNormalBounds(), maximized: window.isMaximized() };
    writeAtomic(file(home), JSON.stringify(state)).catch((error) =>
      console.error('window state was not saved:', error),
    );
  };
  const changed = () => {
    timer ??= setTimeout(write, writeAfterMs);
  };
  window.on('resize', changed);
  window.on('move', changed);
  window.on('maximize', changed);
  window.on('unmaximize', changed);
  window.on('closed', () => clearTimeout(timer));
}

const file = (home: string) => path.join(home, 'window.json');

function isVisible(state: { x: number; y: number; width: number; height: number }): boolean {
  return screen.getAllDisplays().some(({ workArea }) => {
    const wide = Math.min(state.x + state.width, workArea.x + workArea.width) - Math.max(state.x, workArea.x);
    const high = Math.min(state.y + state.height, workArea.y + workArea.height) - Math.max(state.y, workArea.y);
    return wide > 100 && high > 100;
  });
}
