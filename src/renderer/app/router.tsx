import { createHashHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ContainerDetailPage } from '../features/container-detail/container-detail-page.tsx';
import { ContainersPage } from '../features/containers/containers-page.tsx';
import { ExtensionPage } from '../features/extensions/extension-page.tsx';
import { ExtensionsPage } from '../features/extensions/extensions-page.tsx';
import { HomePage } from '../features/home/home-page.tsx';
import { ImagesPage } from '../features/images/images-page.tsx';
import { NetworksPage } from '../features/networks/networks-page.tsx';
import { PluginsPage } from '../features/plugins/plugins-page.tsx';
import { BrowsePage } from '../features/registry/browse-page.tsx';
import { OwnRegistryPage } from '../features/registry/own-registry-page.tsx';
import { RegistryPage } from '../features/registry/registry-page.tsx';
import { SettingsPage } from '../features/settings/settings-page.tsx';
import { VolumesPage } from '../features/volumes/volumes-page.tsx';
import { NotFoundPage, PageError } from './page-error.tsx';
import { Shell } from './shell.tsx';

/** All routes. Hash history: the same bundle is served from an app:// address and from the gateway, without rewrites. */
export function createAppRouter() {
  const root = createRootRoute({ component: Shell, errorComponent: PageError, notFoundComponent: NotFoundPage });
  const page = (path: string, component: () => React.ReactNode) =>
    createRoute({ getParentRoute: () => root, path, component, errorComponent: PageError });
  const routeTree = root.addChildren([
    page('/', HomePage),
    page('/containers', ContainersPage),
    page('/containers/$id', ContainerDetailPage),
    page('/containers/$id/$tab', ContainerDetailPage),
    page('/images', ImagesPage),
    page('/registry', RegistryPage),
    page('/registry/browse', BrowsePage),
    page('/registry/server', OwnRegistryPage),
    page('/volumes', VolumesPage),
    page('/networks', NetworksPage),
    page('/extensions', ExtensionsPage),
    page('/extensions/$name', ExtensionPage),
    page('/plugins', PluginsPage),
    page('/settings', SettingsPage),
  ]);
  return createRouter({ routeTree, history: createHashHistory() });
}
