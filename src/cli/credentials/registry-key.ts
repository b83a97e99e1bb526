/** The name under which docker keeps Docker Hub's credentials. */
export const hubKey = 'https://index.docker.io/v1/';

/** The key of a registry in credential stores: its host, or Docker Hub's old address. */
export function registryKey(server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return ['docker.io', 'index.docker.io', 'registry-1.docker.io', ''].includes(host) ? hubKey : host;
}

/** Whether a key written by whichever program means this registry. */
export function sameRegistry(a: string, b: string): boolean {
  return registryKey(a) === registryKey(b);
}
