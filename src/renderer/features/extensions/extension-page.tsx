import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { type BridgePort, serveExtensionFrame } from '../../../client/extension-frame.ts';
import { WharfError } from '../../../contract/errors.ts';
import { connectMessage, readyMessage } from '../../../contract/extension-bridge.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useHost } from '../../host/host-context.tsx';
import { useInstalledExtensions } from '../../host/packages.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { toastError, toastSuccess, toastWarning } from '../../ui/toast.ts';

const toasts = { success: toastSuccess, warning: toastWarning, error: toastError } as const;

/** Where ddClient's navigate calls lead. */
function useExtensionNavigation() {
  const navigate = useNavigate();
  const engine = useEngine();
  return async (view: string, target: string | undefined): Promise<void> => {
    const tab = /^viewContainer(Logs|Inspect|Terminal|Stats)$/.exec(view)?.[1]?.toLowerCase();
    if (view.startsWith('viewContainer') && view !== 'viewContainers') {
      const container = await engine.call('ContainerInspect', { params: { id: target ?? '' } });
      return navigate({ to: '/containers/$id/$tab', params: { id: container.Id, tab: tab ?? 'logs' } });
    }
    if (view === 'viewContainers') return navigate({ to: '/containers' });
    if (view === 'viewImages' || view === 'viewImage') return navigate({ to: '/images' });
    if (view === 'viewVolumes' || view === 'viewVolume') return navigate({ to: '/volumes' });
    throw new WharfError('request.not-found', `Wharf has no view ${view}`);
  };
}

/** The DOM's port hands its handler a `this`; the bridge needs none. */
function bridgePort(port: MessagePort): BridgePort {
  let handler: BridgePort['onmessage'] = null;
  return {
    postMessage: (message) => port.postMessage(message),
    close: () => port.close(),
    get onmessage() {
      return handler;
    },
    set onmessage(next) {
      handler = next;
      port.onmessage = next && ((event) => next({ data: event.data }));
    },
  };
}

/** An extension's own page: on another origin, in a sandboxed frame, with one port to the app. */
function ExtensionFrame({
  name,
  title,
  page,
}: {
  readonly name: string;
  readonly title: string;
  readonly page: { url: string; origin: string; sandbox: string };
}) {
  const host = useHost();
  const frame = useRef<HTMLIFrameElement>(null);
  const goTo = useExtensionNavigation();
  const go = useRef(goTo);
  go.current = goTo;
  useEffect(() => {
    let served: Disposable | undefined;
    const onMessage = (event: MessageEvent) => {
      const target = frame.current?.contentWindow;
      if (!target || event.source !== target || event.data?.type !== readyMessage) return;
      served?.[Symbol.dispose]();
      const channel = new MessageChannel();
      served = serveExtensionFrame(name, bridgePort(channel.port1), host, {
        toast: (level, message) => toasts[level](message),
        navigate: (view, destination) => go.current(view, destination),
        openExternal: async (url) => void (await host.invoke('shell.openExternal', { url })),
      });
      // An opaque origin ('null') can only be reached by '*'; the source check above is what names the receiver.
      target.postMessage({ type: connectMessage }, page.origin === 'null' ? '*' : page.origin, [channel.port2]);
    };
    addEventListener('message', onMessage);
    return () => {
      removeEventListener('message', onMessage);
      served?.[Symbol.dispose]();
    };
  }, [name, host, page.origin]);
  return (
    <iframe
      ref={frame}
      title={title}
      src={page.url}
      sandbox={page.sandbox}
      referrerPolicy="no-referrer"
      data-testid="extension-frame"
      className="min-h-0 w-full flex-1 border-0 bg-white"
    />
  );
}

export function ExtensionPage() {
  const params: { name?: string } = useParams({ strict: false });
  const name = params.name ?? '';
  const host = useHost();
  const extension = useInstalledExtensions().data?.find((each) => each.name === name);
  const page = useQuery({
    queryKey: ['host', 'extension-ui', name],
    queryFn: () => host.invoke('extensions.uiUrl', { name }),
    retry: false,
    gcTime: 0,
  });
  const title = extension?.uiTitle || extension?.title || name;
  return (
    <div className="flex h-full flex-col">
      <header className="flex items-center gap-3 border-b border-line bg-surface px-5 py-2.5">
        <Link
          to="/extensions"
          aria-label="Back to all extensions"
          className="rounded-lg p-1 text-ink-3 hover:bg-hover hover:text-ink"
        >
          <ChevronLeft className="size-5" />
        </Link>
        <h1 className="font-semibold">{title}</h1>
      </header>
      {page.error ? (
        <div className="p-7">
          <ErrorNote error={page.error} />
        </div>
      ) : page.data ? (
        <ExtensionFrame key={name} name={name} title={title} page={page.data} />
      ) : (
        <div className="grid flex-1 place-items-center">
          <Spinner label="Opening the extension" />
        </div>
      )}
    </div>
  );
}
