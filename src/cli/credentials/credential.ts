/** What signs a user in to a registry. An identity token takes the password's place where a registry gave one. */
export interface Credential {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
}

/** docker stores an identity token under this user name. */
export const tokenUsername = '<token>';

/** The `auth` field of docker's config: base64 of `user:password`. */
export function decodeAuth(auth: string): Credential | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, ''), identityToken: '' };
}

export function encodeAuth({ username, password }: Credential): string {
  return Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
}
