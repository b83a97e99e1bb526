import { Compass, KeyRound, Search } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { RegistrySearchItem } from '../../../contract/engine-types.ts';
import { intend } from '../../engine/intents.ts';
import { useRegistries } from '../../engine/queries.ts';
import { useRegistrySearch } from '../../engine/registry-search.ts';
import { useOwnRegistry, useSettings } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Input, Segments, Select } from '../../ui/field.tsx';
import { Skeleton } from '../../ui/progress.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { RegistryFrame } from './registry-tabs.tsx';
import { RepositoryCard } from './repository-card.tsx';
import { RepositoryDrawer } from './repository-drawer.tsx';

type Kind = 'all' | 'image' | 'extension' | 'plugin';
const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64', 'linux/s390x', 'windows/amd64'];

function Failures({
  failures,
  onRetry,
}: {
  readonly failures: readonly { registry: string; code: string; message: string; hint?: string }[];
  readonly onRetry: () => void;
}) {
  return (
    <div className="mb-4 flex flex-col gap-2">
      {failures.map((failure) => (
        <div
          key={failure.registry}
          role="status"
          className="flex items-center gap-3 rounded-xl border border-warn/25 bg-warn-soft px-4 py-2.5"
        >
          <span className="min-w-0 flex-1">
            <span className="font-medium text-warn">{failure.registry} did not answer.</span>{' '}
            <span className="text-ink-2">{failure.message}</span>
            {failure.hint && <span className="block text-xs text-ink-3">{failure.hint}</span>}
          </span>
          {(failure.code === 'auth.required' || failure.code === 'auth.denied') && (
            <Button size="sm" onClick={() => intend({ kind: 'sign-in', registry: failure.registry })}>
              Sign in
            </Button>
          )}
          <Button size="sm" onClick={onRetry}>
            Try again
          </Button>
        </div>
      ))}
    </div>
  );
}

export function RegistryPage() {
  const registries = useRegistries().data ?? [];
  const [typed, setTyped] = useState('');
  const [term, setTerm] = useState('');
  const [kind, setKind] = useState<Kind>('all');
  const [platform, setPlatform] = useState('');
  const [registry, setRegistry] = useState('');
  const [opened, setOpened] = useState<RegistrySearchItem>();
  const own = useOwnRegistry();
  const added = [
    ...new Set([
      ...(useSettings().data?.registries.map((each) => each.address) ?? []),
      ...(own?.kind === 'running' ? [own.address] : []),
    ]),
  ];
  const search = useRegistrySearch(
    {
      query: term,
      kind: kind === 'all' ? undefined : kind,
      platform: platform || undefined,
      registry: registry || undefined,
    },
    added,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTerm(typed.trim());
  };
  const results = search.data?.results ?? [];
  return (
    <RegistryFrame
      tab="search"
      actions={
        <Button
          icon={<KeyRound className="size-4" />}
          onClick={() => intend({ kind: 'sign-in', registry: registry || 'docker.io' })}
        >
          Sign in
        </Button>
      }
      toolbar={
        <>
          <search>
            <form onSubmit={submit} className="flex w-96 gap-2">
              <div className="relative flex-1">
                <Search className="pointer-events-none absolute top-2.5 left-2.5 size-3.5 text-ink-3" aria-hidden />
                <Input
                  data-filter
                  aria-label="Search the registries"
                  placeholder="Search the registries"
                  value={typed}
                  onChange={(e) => setTyped(e.target.value)}
                  className="pl-8"
                />
              </div>
              {/* Never disabled: a form whose button is takes no Enter, and the next search need not wait for the last. */}
              <Button type="submit" look="primary" icon={search.isFetching ? <Spinner /> : undefined}>
                Search
              </Button>
            </form>
          </search>
          <Segments
            label="Kind"
            value={kind}
            onChange={setKind}
            options={[
              { value: 'all', label: 'All' },
              { value: 'image', label: 'Images' },
              { value: 'extension', label: 'Extensions' },
              { value: 'plugin', label: 'Plugins' },
            ]}
          />
          <Select
            aria-label="Platform"
            value={platform}
            onChange={(e) => setPlatform(e.target.value)}
            className="w-40!"
          >
            <option value="">Any platform</option>
            {platforms.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
          <Select
            aria-label="Registry"
            value={registry}
            onChange={(e) => setRegistry(e.target.value)}
            className="w-48!"
          >
            <option value="">All registries</option>
            {[
              ...new Set([...registries.filter((each) => each.role !== 'mirror').map((each) => each.name), ...added]),
            ].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        </>
      }
    >
      {search.error ? (
        <ErrorNote error={search.error} />
      ) : search.data === undefined ? (
        <output aria-label="Searching" className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
          {[1, 2, 3, 4, 5, 6].map((each) => (
            <Skeleton key={each} className="h-36 rounded-xl" />
          ))}
        </output>
      ) : (
        <>
          {search.data.failures.length > 0 && (
            <Failures failures={search.data.failures} onRetry={() => void search.refetch()} />
          )}
          {results.length === 0 ? (
            <EmptyState
              icon={<Compass />}
              title={term ? `Nothing found for “${term}”` : 'Nothing to show'}
              command={term ? `wharf pull ${term}` : undefined}
            >
              {term
                ? 'Try fewer letters or another kind. A private repository can be pulled by its full name.'
                : 'Search for something, or push an image to one of your registries.'}
            </EmptyState>
          ) : (
            <ul aria-label="Repositories" className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
              {results.map((item) => (
                <li key={`${item.registry}/${item.name}`}>
                  <RepositoryCard item={item} onOpen={() => setOpened(item)} />
                </li>
              ))}
            </ul>
          )}
        </>
      )}
      <RepositoryDrawer item={opened} onClose={() => setOpened(undefined)} />
    </RegistryFrame>
  );
}
