import { useNavigate } from '@tanstack/react-router';
import { FolderTree, Search, Server } from 'lucide-react';
import type { ReactNode } from 'react';
import { Page } from '../../ui/page.tsx';
import { TabBar } from '../../ui/tabs.tsx';

type RegistryTab = 'search' | 'browse' | 'server';

const paths: Record<RegistryTab, string> = {
  search: '/registry',
  browse: '/registry/browse',
  server: '/registry/server',
};
const leads: Record<RegistryTab, string> = {
  search: 'Find images, extensions and plugins in Docker Hub and in your own registries.',
  browse: 'What a registry holds: repositories, tags, layers, and what refers to them.',
  server: 'A registry of your own on this machine, for you or for a team.',
};

/** The three pages about registries under one heading. */
export function RegistryFrame({
  tab,
  actions,
  toolbar,
  children,
}: {
  readonly tab: RegistryTab;
  readonly actions?: ReactNode;
  readonly toolbar?: ReactNode;
  readonly children: ReactNode;
}) {
  const navigate = useNavigate();
  return (
    <Page
      title="Registry"
      lead={leads[tab]}
      actions={actions}
      toolbar={
        <>
          <div className="w-full">
            <TabBar
              label="Pages about registries"
              value={tab}
              onChange={(next) => void navigate({ to: paths[next] })}
              tabs={[
                { value: 'search', label: 'Search', icon: <Search /> },
                { value: 'browse', label: 'Browse', icon: <FolderTree /> },
                { value: 'server', label: 'Your registry', icon: <Server /> },
              ]}
            />
          </div>
          {toolbar}
        </>
      }
    >
      {children}
    </Page>
  );
}
