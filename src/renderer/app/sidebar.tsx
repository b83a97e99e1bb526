import { Link } from '@tanstack/react-router';
import logo from '../assets/wharf.svg';
import { shownContainers } from '../engine/container-view.ts';
import { useLiveEvents } from '../engine/live-events.tsx';
import { useContainers, useEngineVersion } from '../engine/queries.ts';
import { useEngineStatus, useSettings } from '../host/host-context.tsx';
import { classes } from '../ui/classes.ts';
import { type PageEntry, pages, settingsPage } from './pages.tsx';

function SidebarLink({ page, count }: { readonly page: PageEntry; readonly count?: number | undefined }) {
  return (
    <Link
      to={page.path}
      activeOptions={{ exact: page.path === '/' }}
      className="flex h-8.5 items-center gap-2.5 rounded-lg px-2.5 font-medium text-ink-2 transition-colors hover:bg-hover hover:text-ink [&_svg]:size-4.5"
      activeProps={{ className: 'bg-accent-soft! text-accent!', 'aria-current': 'page' }}
    >
      {page.icon}
      <span className="flex-1">{page.label}</span>
      {count !== undefined && count > 0 && (
        <span className="tabular rounded-full bg-sunken px-1.5 text-xs text-ink-3">{count}</span>
      )}
    </Link>
  );
}

/** One line that says how the engine is; the page Home has the details. */
function EngineLine() {
  const status = useEngineStatus();
  const connected = useLiveEvents((state) => state.connected);
  const version = useEngineVersion();
  const ready = status?.kind === 'ready' || connected;
  const failed = status?.kind === 'failed' && !connected;
  const text = ready
    ? 'Engine running'
    : failed
      ? 'Engine failed'
      : status?.kind === 'stopped'
        ? 'Engine stopped'
        : 'Engine starting';
  return (
    // No <Link>: that one would call itself the current page beside Home.
    <a
      href="#/"
      className="flex items-center gap-2.5 rounded-lg px-2.5 py-2 text-xs text-ink-2 hover:bg-hover"
      data-testid="engine-status"
    >
      <span
        aria-hidden
        className={classes('size-2 rounded-full', ready ? 'bg-good' : failed ? 'bg-bad' : 'animate-pulse bg-warn')}
      />
      <span className="flex-1">{text}</span>
      <span className="tabular text-ink-3">{ready ? version.data?.Version : ''}</span>
    </a>
  );
}

export function Sidebar() {
  const settings = useSettings().data;
  const shown = shownContainers(useContainers().data ?? [], settings?.showExtensionContainers);
  const running = shown.filter((container) => container.State === 'running').length;
  return (
    <nav
      aria-label="Pages"
      className="flex w-52 shrink-0 flex-col gap-0.5 border-r border-line bg-surface px-3 pt-4 pb-3"
    >
      <div className="mb-4 flex items-center gap-2.5 px-2">
        <img src={logo} alt="" className="size-7" />
        <span className="text-base font-semibold tracking-tight">Wharf</span>
      </div>
      {pages.map((page) => (
        <SidebarLink key={page.path} page={page} count={page.path === '/containers' ? running : undefined} />
      ))}
      <div className="flex-1" />
      <SidebarLink page={settingsPage} />
      <EngineLine />
    </nav>
  );
}
