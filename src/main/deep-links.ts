/**
 * From `wharf://containers/abc` (a link in a browser, or an argument of a second launch) to the app's route
 * `/containers/abc`. A link only shows a page; it never starts, pulls or removes anything.
 *
 * @returns undefined for what is not such a link
 */
export function routeOfDeepLink(text: string): string | undefined {
  const match = /^wharf:\/\/([a-z]+)((?:\/[A-Za-z0-9_.:@-]+)*)\/?$/.exec(text);
  if (match === null || match[2]?.split('/').some((part) => part === '.' || part === '..')) return undefined;
  const [, page = '', rest = ''] = match;
  return page === 'home' ? '/' : `/${page}${rest}`;
}

export function deepLinkIn(argv: readonly string[]): string | undefined {
  return argv.find((arg) => arg.startsWith('wharf://'));
}
