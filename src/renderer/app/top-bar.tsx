import { ArrowDownToLine, Moon, Search, Sun } from 'lucide-react';
import { intend } from '../engine/intents.ts';
import { useTasks } from '../engine/tasks.ts';
import { useChangeSettings } from '../host/host-context.tsx';
import { IconButton } from '../ui/button.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { toastError } from '../ui/toast.ts';
import { useTheme } from './theme.ts';

const modifier = navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl ';

export function TopBar() {
  const theme = useTheme();
  const change = useChangeSettings();
  const running = useTasks((state) => state.tasks.filter((task) => task.state === 'running').length);
  return (
    <header className="flex h-13 shrink-0 items-center gap-2 border-b border-line bg-surface px-5">
      <button
        type="button"
        onClick={() => intend({ kind: 'palette' })}
        className="flex h-8.5 w-full max-w-105 items-center gap-2 rounded-lg border border-line bg-sunken/70 px-3 text-ink-3 transition-colors hover:border-line-strong"
      >
        <Search className="size-3.5" aria-hidden />
        <span className="flex-1 text-left">Search or do anything</span>
        <kbd className="rounded border border-line bg-surface px-1.5 font-sans text-[11px]">{modifier}K</kbd>
      </button>
      <div className="flex-1" />
      <button
        type="button"
        onClick={() => intend({ kind: 'tasks' })}
        className="flex h-8 items-center gap-2 rounded-lg px-2.5 text-ink-2 hover:bg-hover hover:text-ink"
      >
        {running > 0 ? <Spinner className="text-accent" /> : <ArrowDownToLine className="size-4" aria-hidden />}
        {running > 0 ? `${running} running` : 'Tasks'}
      </button>
      <IconButton
        label={theme === 'dark' ? 'Switch to light' : 'Switch to dark'}
        onClick={() => void change({ theme: theme === 'dark' ? 'light' : 'dark' }).catch(toastError)}
      >
        {theme === 'dark' ? <Sun /> : <Moon />}
      </IconButton>
    </header>
  );
}
