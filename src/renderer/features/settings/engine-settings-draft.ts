import type { Settings } from '../../../contract/host-schemas.ts';

export type EngineSettings = Settings['engine'];

/** The settings that are typed as text; lists are typed with spaces between. */
export const texts = [
  {
    key: 'registryMirrors',
    title: 'Mirrors of Docker Hub',
    hint: 'Asked before Docker Hub, in this order; one address a word.',
    placeholder: 'https://mirror.example.com',
  },
  {
    key: 'insecureRegistries',
    title: 'Insecure registries',
    hint: 'May speak plain HTTP or show an unknown certificate.',
    placeholder: 'registry.local:5000',
  },
  {
    key: 'httpProxy',
    title: 'HTTP proxy',
    hint: 'For pulls and pushes.',
    placeholder: 'http://proxy.example.com:3128',
  },
  { key: 'httpsProxy', title: 'HTTPS proxy', hint: undefined, placeholder: 'http://proxy.example.com:3128' },
  { key: 'noProxy', title: 'No proxy for', hint: undefined, placeholder: 'localhost,.internal' },
] as const;
type TextKey = (typeof texts)[number]['key'];

/** What the user has typed and not saved yet. */
export type Draft = Partial<Record<TextKey, string>> & { readonly logLevel?: EngineSettings['logLevel'] };

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

export function shownText(settings: EngineSettings, key: TextKey): string {
  const value = settings[key];
  return typeof value === 'string' ? value : value.join(' ');
}

/** The typed texts as settings: lists taken apart, the rest trimmed. */
export function settingsOf(draft: Draft): Partial<EngineSettings> {
  const { registryMirrors, insecureRegistries, logLevel, ...plain } = draft;
  return {
    ...Object.fromEntries(Object.entries(plain).map(([key, text]) => [key, text.trim()])),
    ...(registryMirrors === undefined ? {} : { registryMirrors: words(registryMirrors) }),
    ...(insecureRegistries === undefined ? {} : { insecureRegistries: words(insecureRegistries) }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}
