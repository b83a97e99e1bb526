import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { ArrowDownToLine, Container, Layers, Play, ScrollText, Square, SquareTerminal, SunMoon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useContainerActs } from '../engine/container-actions.ts';
import { isLive, nameOf } from '../engine/container-view.ts';
import { endIntent, intend, useIntent } from '../engine/intents.ts';
import { useContainers, useImages } from '../engine/queries.ts';
import { useChangeSettings } from '../host/host-context.tsx';
import { toastError } from '../ui/toast.ts';
import { pages, settingsPage } from './pages.tsx';
import { useTheme } from './theme.ts';

const group =
  '[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-ink-3';

function Item({
  icon,
  children,
  hint,
  onSelect,
  value,
  keywords,
}: {
  readonly icon: ReactNode;
  readonly children: ReactNode;
  readonly hint?: string;
  readonly onSelect: () => void;
  readonly value: string;
  /** Also found by these. */
  readonly keywords?: string[];
}) {
  return (
    <Command.Item
      value={value}
      keywords={keywords}
      onSelect={() => {
        endIntent();
        onSelect();
      }}
      className="flex h-9 items-center gap-2.5 rounded-lg px-2.5 data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent [&_svg]:size-4 [&_svg]:text-ink-3"
    >
      {icon}
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {hint && <span className="text-xs text-ink-3">{hint}</span>}
    </Command.Item>
  );
}

function ContainerItems() {
  const navigate = useNavigate();
  const act = useContainerActs();
  const containers = useContainers().data ?? [];
  const quietly = (promise: Promise<void>) => void promise.catch(toastError);
  return containers.slice(0, 60).map((container) => {
    const name = nameOf(container);
    const open = (tab: string) => void navigate({ to: '/containers/$id/$tab', params: { id: container.Id, tab } });
    return [
      <Item
        key={`${container.Id}-open`}
        value={`${name} logs container`}
        keywords={[`logs ${name}`]}
        icon={<ScrollText />}
        hint={container.Status}
        onSelect={() => open('logs')}
      >
        Logs of {name}
      </Item>,
      isLive(container.State) ? (
        <Item
          key={`${container.Id}-stop`}
          value={`${name} stop container`}
          keywords={[`stop ${name}`]}
          icon={<Square />}
          onSelect={() => quietly(act('stop', container.Id))}
        >
          Stop {name}
        </Item>
      ) : (
        <Item
          key={`${container.Id}-start`}
          value={`${name} start container`}
          keywords={[`start ${name}`]}
          icon={<Play />}
          onSelect={() => quietly(act('start', container.Id))}
        >
          Start {name}
        </Item>
      ),
      container.State === 'running' && (
        <Item
          key={`${container.Id}-term`}
          value={`${name} terminal shell container`}
          keywords={[`terminal ${name}`, `shell ${name}`]}
          icon={<SquareTerminal />}
          onSelect={() => open('terminal')}
        >
          Terminal in {name}
        </Item>
      ),
    ];
  });
}

/** Ctrl/Cmd+K: pages, containers, images and acts, by typing. */
export function Palette() {
  const open = useIntent((state) => state.intent.kind === 'palette');
  const navigate = useNavigate();
  const images = useImages().data ?? [];
  const change = useChangeSettings();
  const theme = useTheme();
  return (
    <Command.Dialog
      open={open}
      onOpenChange={(next) => !next && endIntent()}
      label="Command palette"
      overlayClassName="fade-in fixed inset-0 z-40 bg-[#0a1216]/40 dark:bg-black/55"
      contentClassName="rise-in fixed top-[12vh] left-1/2 z-50 w-150 max-w-[94vw] -translate-x-1/2 overflow-hidden rounded-2xl border border-line bg-raised shadow-float"
    >
      <Command.Input
        placeholder="Go to a page, a container, an image; or pull one"
        className="h-12 w-full border-b border-line bg-transparent px-4 text-[15px] outline-none placeholder:text-ink-3"
      />
      <Command.List className="max-h-[52vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-8 text-center text-ink-3">Nothing matches.</Command.Empty>
        <Command.Group heading="Pages" className={group}>
          {[...pages, settingsPage].map((page, index) => (
            <Item
              key={page.path}
              value={`page ${page.label}`}
              icon={page.icon}
              hint={index < 9 && page !== settingsPage ? `Ctrl ${index + 1}` : 'Ctrl ,'}
              onSelect={() => void navigate({ to: page.path })}
            >
              {page.label}
            </Item>
          ))}
        </Command.Group>
        <Command.Group heading="Do" className={group}>
          <Item
            value="pull an image"
            icon={<ArrowDownToLine />}
            onSelect={() => intend({ kind: 'pull', reference: '' })}
          >
            Pull an image
          </Item>
          <Item
            value="run hello-wharf container"
            icon={<Container />}
            onSelect={() => intend({ kind: 'run', image: 'hello-wharf' })}
          >
            Run hello-wharf
          </Item>
          <Item
            value="switch theme light dark"
            icon={<SunMoon />}
            onSelect={() => void change({ theme: theme === 'dark' ? 'light' : 'dark' }).catch(toastError)}
          >
            Switch to {theme === 'dark' ? 'light' : 'dark'}
          </Item>
        </Command.Group>
        <Command.Group heading="Containers" className={group}>
          <ContainerItems />
        </Command.Group>
        <Command.Group heading="Images" className={group}>
          {images.flatMap((image) =>
            image.RepoTags.map((tag) => (
              <Item
                key={tag}
                value={`run image ${tag}`}
                icon={<Layers />}
                onSelect={() => intend({ kind: 'run', image: tag })}
              >
                Run {tag}
              </Item>
            )),
          )}
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}
