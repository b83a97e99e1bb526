/** Who may do what in which repository. What no rule allows is refused; without rules every user may do everything. */

import { matchesRepository } from '../upkeep/repository-pattern.ts';

/** `admin` is not about one repository: it goes with `*` only. */
export type RepositoryAction = 'read' | 'write' | 'delete' | 'admin';

export interface AccessRule {
  /** `team/app`, `team/*` (all below team/), `*` (all). */
  readonly repositories: readonly string[];
  /** Names of users; `*` is every signed-in user, `anonymous` everybody. */
  readonly users: readonly string[];
  readonly allow: readonly RepositoryAction[];
}

export const anonymous = 'anonymous';

/** @param user empty for who did not sign in */
export function rulesAllow(
  rules: readonly AccessRule[],
  user: string,
  repository: string,
  action: RepositoryAction,
): boolean {
  return rules.some(
    (rule) =>
      rule.allow.includes(action) &&
      rule.users.some((name) => name === anonymous || (user !== '' && (name === '*' || name === user))) &&
      rule.repositories.some((pattern) => matchesRepository(pattern, repository)),
  );
}
