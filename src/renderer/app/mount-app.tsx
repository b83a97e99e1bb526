import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../styles/app.css';
import type { EngineClient } from '../../client/engine-client.ts';
import { raise } from '../../contract/errors.ts';
import type { HostApi } from '../../contract/host-api.ts';
import { EngineProvider } from '../engine/engine-context.tsx';
import { HostProvider } from '../host/host-context.tsx';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { createAppRouter } from './router.tsx';

/** Both entries end here: one app over whatever host and transport the entry made. */
export function mountApp({ host, engine }: { readonly host: HostApi; readonly engine: EngineClient }): void {
  const cache = new QueryClient({
    defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false } },
  });
  const router = createAppRouter();
  const root = document.getElementById('root') ?? raise(new Error('index.html has no #root'));
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <HostProvider host={host}>
          <EngineProvider engine={engine}>
            <TooltipProvider>
              <RouterProvider router={router} />
            </TooltipProvider>
          </EngineProvider>
        </HostProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
