import { createContext, type ReactNode, useContext } from 'react';
import type { EngineClient } from '../../client/engine-client.ts';
import { raise } from '../../contract/errors.ts';

const Context = createContext<EngineClient | undefined>(undefined);

export function EngineProvider({ engine, children }: { readonly engine: EngineClient; readonly children: ReactNode }) {
  return <Context value={engine}>{children}</Context>;
}

/** The typed client of the Engine API, over whatever transport this host has. */
export function useEngine(): EngineClient {
  return useContext(Context) ?? raise(new Error('EngineProvider is missing above this component'));
}
