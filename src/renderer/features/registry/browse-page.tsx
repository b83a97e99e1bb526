import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ArrowDownToLine, FolderTree, KeyRound, Play } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { useEngine } from '../../engine/engine-context.tsx';
import { intend } from '../../engine/intents.ts';
import { useRegistries } from '../../engine/queries.ts';
import { useCredentials, useOwnRegistry, useSettings } from '../../host/host-context.tsx';
import { formatPlace, parsePlace } from '../../registry-browser/place.ts';
import { RegistryBrowser } from '../../registry-browser/registry-browser.tsx';
import { RegistryConnectionProvider } from '../../registry-browser/registry-connection.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Select } from '../../ui/field.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { engineConnection } from './engine-connection.ts';
import { RegistryFrame } from './registry-tabs.tsx';

/** Registries that may be browsed: all that are known but Docker Hub, which tells nobody what it holds. */
export function useBrowsable(): readonly string[] {
  const known = useRegistries().data ?? [];
  const added = useSettings().data?.registries ?? [];
  const own = useOwnRegistry();
  return [
    ...new Set([
      ...(own?.kind === 'running' ? [own.address] : []),
      ...added.map((each) => each.address),
      ...known.filter((each) => each.role !== 'mirror').map((each) => each.name),
    ]),
  ].filter((name) => name !== 'docker.io');
}

function ImageActions({ image }: { readonly image: string }) {
  return (
    <>
      <IconButton label={`Pull ${image}`} onClick={() => intend({ kind: 'pull', reference: image })}>
        <ArrowDownToLine />
      </IconButton>
      <IconButton label={`Run ${image}`} tone="good" onClick={() => intend({ kind: 'run', image })}>
        <Play />
      </IconButton>
    </>
  );
}

/** A registry's content in the app. Which one and where in it stand in the address, so that Back goes back. */
export function BrowsePage() {
  const navigate = useNavigate();
  const engine = useEngine();
  const cache = useQueryClient();
  const browsable = useBrowsable();
  const search: { readonly registry?: unknown; readonly at?: unknown } = useSearch({ strict: false });
  const asked = search.registry === undefined ? undefined : String(search.registry);
  const registry = asked ?? browsable[0];
  const place = parsePlace(search.at === undefined ? '' : String(search.at));
  const connection = useMemo(
    () => (registry === undefined ? undefined : engineConnection(engine, registry)),
    [engine, registry],
  );
  const user = useCredentials().data?.find((each) => each.registry === registry)?.username;
  // Another user sees other things.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the user is what this waits for
  useEffect(() => {
    void cache.invalidateQueries({ queryKey: ['registry-browser', registry] });
  }, [cache, registry, user]);
  const go = (to: string, at: string) => void navigate({ to: '/registry/browse', search: { registry: to, at } });
  return (
    <RegistryFrame
      tab="browse"
      actions={
        registry !== undefined && (
          <Button icon={<KeyRound className="size-4" />} onClick={() => intend({ kind: 'sign-in', registry })}>
            {user === undefined ? 'Sign in' : `Signed in as ${user}`}
          </Button>
        )
      }
      toolbar={
        registry !== undefined && (
          <Select
            aria-label="Registry to browse"
            className="w-72!"
            value={registry}
            onChange={(event) => go(event.target.value, '')}
          >
            {[...new Set([...browsable, registry])].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )
      }
    >
      {registry === undefined || connection === undefined ? (
        <EmptyState
          icon={<FolderTree />}
          title="No registry to browse yet"
          action={
            <Button look="primary" onClick={() => void navigate({ to: '/registry/server' })}>
              Start your own
            </Button>
          }
        >
          Add one in the settings, or start your own. Docker Hub shows nobody what it holds; search it instead.
        </EmptyState>
      ) : (
        <RegistryConnectionProvider value={connection}>
          <RegistryBrowser
            key={registry}
            place={place}
            onGo={(next) => go(registry, formatPlace(next))}
            onDeleted={toastSuccess}
            actions={(image) => <ImageActions image={image} />}
          />
        </RegistryConnectionProvider>
      )}
    </RegistryFrame>
  );
}
