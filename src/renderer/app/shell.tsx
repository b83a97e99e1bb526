import { Outlet, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { Toaster } from 'sonner';
import type { HostEventPayload } from '../../contract/host-api.ts';
import { intend } from '../engine/intents.ts';
import { LiveEvents } from '../engine/live-events.tsx';
import { PullDialog } from '../features/pull/pull-dialog.tsx';
import { RunDialog } from '../features/run/run-dialog.tsx';
import { SignInDialog } from '../features/sign-in/sign-in-dialog.tsx';
import { useHostEvent } from '../host/host-context.tsx';
import { EngineBanner } from './engine-banner.tsx';
import { useKeyboard } from './keyboard.ts';
import { Palette } from './palette.tsx';
import { Sidebar } from './sidebar.tsx';
import { TaskDrawer } from './task-drawer.tsx';
import { useTheme } from './theme.ts';
import { TopBar } from './top-bar.tsx';

/** The window: sidebar, top bar, the page, and what can open over any page. */
export function Shell() {
  const theme = useTheme();
  const navigate = useNavigate();
  useKeyboard();
  useHostEvent(
    'navigate',
    useCallback(({ route }: HostEventPayload<'navigate'>) => void navigate({ to: route }), [navigate]),
  );
  useHostEvent(
    'command',
    useCallback(({ name }: HostEventPayload<'command'>) => {
      if (name === 'palette') intend({ kind: 'palette' });
      if (name === 'reload') location.reload();
    }, []),
  );
  return (
    <div className="flex h-full">
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-70 focus:rounded-lg focus:bg-raised focus:p-2"
      >
        Skip to the page
      </a>
      <Sidebar />
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar />
        <EngineBanner />
        <main id="page" tabIndex={-1} className="min-h-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <LiveEvents />
      <Palette />
      <TaskDrawer />
      <PullDialog />
      <RunDialog />
      <SignInDialog />
      <Toaster
        theme={theme}
        position="bottom-right"
        richColors
        closeButton
        toastOptions={{ className: 'font-sans!' }}
      />
    </div>
  );
}
