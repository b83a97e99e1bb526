import { createContext, useContext } from 'react';
import { raise, WharfError } from '../../contract/errors.ts';

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'DELETE' | 'POST' | 'PUT';
  /** `/v2/...` or `/wharf/v1/...`, with its query. */
  readonly path: string;
  readonly accept?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface RegistryAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * One registry as the browser reaches it: the registry's own page by fetch, the app through the engine. Authorization is the
 * connection's affair; an answer of any status is an answer, a registry that can not be reached throws.
 */
export interface RegistryConnection {
  /** `host[:port]`: the first part of its images' names. Empty for docker.io, whose images have none. */
  readonly address: string;
  request(request: RegistryRequest, signal?: AbortSignal): Promise<RegistryAnswer>;
}

const Context = createContext<RegistryConnection | undefined>(undefined);
export const RegistryConnectionProvider = Context.Provider;

export function useRegistryConnection(): RegistryConnection {
  return useContext(Context) ?? raise(new Error('RegistryConnectionProvider is missing above this component'));
}

/** What a registry's refusal means. Source: OCI distribution spec 1.1, "Error Codes". */
export function refusalOf(answer: RegistryAnswer, attempted: string): WharfError {
  const told = firstError(answer.text);
  const message = told.message === '' ? `${attempted}: the registry answered ${answer.status}` : told.message;
  switch (answer.status) {
    case 401:
      return new WharfError('auth.required', `${attempted}: this registry wants to know who you are`, {
        hint: 'Sign in to it.',
      });
    case 403:
      return new WharfError('auth.denied', `${attempted}: this user may not do it`, {
        hint: 'Sign in as somebody who may, or ask for the right.',
      });
    case 404:
      return new WharfError('manifest.unknown', `${attempted}: there is no such thing in this registry`, {
        hint: 'It may have been deleted a moment ago.',
      });
    case 405:
      return new WharfError('request.not-implemented', `${attempted}: this registry does not allow it`, {
        hint: 'Many registries take deletions on their own pages only.',
      });
    case 429:
      return new WharfError('registry.rate-limited', `${attempted}: too many requests`, {
        hint: 'Wait a moment and try again.',
      });
    default:
      return new WharfError('registry.failed', message);
  }
}

function firstError(text: string): { readonly message: string } {
  try {
    const json: unknown = JSON.parse(text);
    const errors = typeof json === 'object' && json !== null && 'errors' in json ? json.errors : undefined;
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    if (typeof first === 'object' && first !== null && 'message' in first && typeof first.message === 'string')
      return { message: first.message.slice(0, 500) };
  } catch {
    // A proxy's page, mostly; the status says enough.
  }
  return { message: '' };
}
