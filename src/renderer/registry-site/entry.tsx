import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './site.css';
import { raise } from '../../contract/errors.ts';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { RegistrySite } from './registry-site.tsx';
import { startSession, useSession, whoIs } from './session.ts';

// Dialogs lock scrolling with a style element of their own; the page's policy allows it by this number, and no other one.
const nonce = document.querySelector<HTMLMetaElement>('meta[name=wharf-style-nonce]')?.content ?? '';
Object.assign(globalThis, { __webpack_nonce__: nonce });

const cache = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false } },
});
// Another user sees other things; what the last one saw goes before anything is drawn.
useSession.subscribe((now, before) => {
  if (whoIs(now.session) !== whoIs(before.session)) cache.clear();
});
void startSession();
createRoot(document.getElementById('root') ?? raise(new Error('index.html has no #root'))).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <TooltipProvider>
        <RegistrySite />
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
);
