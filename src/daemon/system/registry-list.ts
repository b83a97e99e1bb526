/** The registries an engine uses, from its options. */
import type { RegistryInfo, SystemInfo } from '../../contract/engine-types.ts';
import type { DaemonOptions } from '../daemon-options.ts';

type RegistryOptions = Pick<DaemonOptions, 'registryMirrors' | 'registryFallbacks' | 'insecureRegistries'>;

/** Mirrors of Docker Hub, Docker Hub, insecure registries named by host, fallbacks: the order they are asked in. */
export function listRegistries(options: RegistryOptions): readonly RegistryInfo[] {
  const entry = (url: string, role: 'mirror' | 'fallback'): RegistryInfo => ({
    name: new URL(url).host,
    url,
    role,
    secure: url.startsWith('https:'),
  });
  const fallbacks = options.registryFallbacks.map((url) => entry(url, 'fallback'));
  const insecure = options.insecureRegistries
    .filter((name) => !name.includes('/') && !fallbacks.some((fallback) => fallback.name === name))
    .map((name): RegistryInfo => ({ name, url: `http://${name}`, role: 'registry', secure: false }));
  return [
    ...options.registryMirrors.map((url) => entry(url, 'mirror')),
    { name: 'docker.io', url: 'https://registry-1.docker.io', role: 'registry', secure: true },
    ...insecure,
    ...fallbacks,
  ];
}

/** Docker's shape of the same, for `/info`. */
export function registryConfig(options: RegistryOptions): SystemInfo['RegistryConfig'] {
  const named = options.insecureRegistries.filter((name) => !name.includes('/'));
  const ranges = options.insecureRegistries.filter((name) => name.includes('/'));
  const insecure = named.map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }] as const);
  const mirrors = options.registryMirrors.map((url) => `${url}/`);
  return {
    InsecureRegistryCIDRs: [...ranges, '::1/128', '127.0.0.0/8'],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true },
      ...Object.fromEntries(insecure),
    },
    Mirrors: mirrors,
  };
}
