import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { endIntent, intend, useIntent } from '../engine/intents.ts';
import { pages, settingsPage } from './pages.tsx';

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Ctrl/Cmd+K palette, Ctrl/Cmd+, settings, Ctrl/Cmd+1..9 pages, `/` the page's filter. */
export function useKeyboard(): void {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        if (useIntent.getState().intent.kind === 'palette') endIntent();
        else intend({ kind: 'palette' });
      } else if (command && event.key === ',') {
        event.preventDefault();
        void navigate({ to: settingsPage.path });
      } else if (command && /^[1-9]$/.test(event.key)) {
        const page = pages[Number(event.key) - 1];
        if (!page) return;
        event.preventDefault();
        void navigate({ to: page.path });
      } else if (event.key === '/' && !typing(event.target)) {
        const filter = document.querySelector<HTMLInputElement>('input[data-filter]');
        if (!filter) return;
        event.preventDefault();
        filter.focus();
        filter.select();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [navigate]);
}
