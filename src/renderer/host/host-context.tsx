import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { raise } from '../../contract/errors.ts';
import type { HostApi, HostEvent, HostEventPayload, HostInput } from '../../contract/host-api.ts';
import type { EngineStatus, OwnRegistryStatus } from '../../contract/host-schemas.ts';

const Context = createContext<HostApi | undefined>(undefined);

/** Puts the host under the app and keeps what it pushes (engine status, settings, packages) fresh in the query cache. */
export function HostProvider({ host, children }: { readonly host: HostApi; readonly children: ReactNode }) {
  const cache = useQueryClient();
  useEffect(() => {
    const ends = [
      host.on('engine.status', (status) => cache.setQueryData(hostKeys.engineStatus, status)),
      host.on('settings.changed', (settings) => cache.setQueryData(hostKeys.settings, settings)),
      host.on('registry.status', (status) => cache.setQueryData(hostKeys.ownRegistry, status)),
      host.on('extensions.changed', () => void cache.invalidateQueries({ queryKey: hostKeys.extensions })),
      host.on('plugins.changed', () => void cache.invalidateQueries({ queryKey: hostKeys.plugins })),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [host, cache]);
  return <Context value={host}>{children}</Context>;
}

export function useHost(): HostApi {
  return useContext(Context) ?? raise(new Error('HostProvider is missing above this component'));
}

export const hostKeys = {
  appInfo: ['host', 'app-info'],
  engineStatus: ['host', 'engine-status'],
  settings: ['host', 'settings'],
  extensions: ['host', 'extensions'],
  plugins: ['host', 'plugins'],
  credentials: ['host', 'credentials'],
  ownRegistry: ['host', 'own-registry'],
  ownRegistryUsers: ['host', 'own-registry-users'],
} as const;

export function useAppInfo() {
  const host = useHost();
  return useQuery({
    queryKey: hostKeys.appInfo,
    queryFn: () => host.invoke('app.info', null),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useEngineStatus(): EngineStatus | undefined {
  const host = useHost();
  return useQuery({
    queryKey: hostKeys.engineStatus,
    queryFn: () => host.invoke('engine.status', null),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

export function useSettings() {
  const host = useHost();
  return useQuery({
    queryKey: hostKeys.settings,
    queryFn: () => host.invoke('settings.get', null),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The registry this app runs; undefined until the host has said. */
export function useOwnRegistry(): OwnRegistryStatus | undefined {
  const host = useHost();
  return useQuery({
    queryKey: hostKeys.ownRegistry,
    queryFn: () => host.invoke('registry.status', null),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

export function useCredentials() {
  const host = useHost();
  return useQuery({
    queryKey: hostKeys.credentials,
    queryFn: () => host.invoke('credentials.list', null),
    retry: false,
  });
}

export function useChangeSettings(): (patch: HostInput<'settings.set'>) => Promise<void> {
  const host = useHost();
  const cache = useQueryClient();
  return async (patch) => {
    cache.setQueryData(hostKeys.settings, await host.invoke('settings.set', patch));
  };
}

export function useHostEvent<E extends HostEvent>(event: E, listener: (payload: HostEventPayload<E>) => void): void {
  const host = useHost();
  useEffect(() => host.on(event, listener), [host, event, listener]);
}
