/** Routes of plugins that the engine runs itself. */
import { WharfError } from '../../../contract/errors.ts';
import type { pluginRoutes } from '../../../contract/routes/plugins.ts';
import type { ProgressMessage } from '../../../contract/types/images.ts';
import { familiar, parseReference } from '../../../oci/reference.ts';
import type { DocumentOutput, HandlersFor } from '../handler.ts';
import type { EngineServices } from './engine-services.ts';
import { filterMap, registryAuth } from './request-values.ts';

export function pluginHandlers({ plugins }: EngineServices): HandlersFor<keyof typeof pluginRoutes> {
  return {
    PluginList: ({ query }) => plugins.list(filterMap(query.filters)),
    GetPluginPrivileges: async ({ query, header, signal }) => {
      const auth = registryAuth(header('x-registry-auth'));
      const privileges = await plugins.privileges(query.remote ?? '', { auth, signal });
      return privileges.length === 0 ? null : privileges;
    },
    PluginPull: async ({ query, body, header, signal }, output) => {
      const remote = query.remote ?? '';
      output.setHeader('Docker-Plugin-Name', nameHere(remote, query.name ?? ''));
      const auth = registryAuth(header('x-registry-auth'));
      await told(output, (onProgress) =>
        plugins.pull(remote, query.name ?? '', { auth, signal, onProgress, privileges: body ?? [] }),
      );
    },
    PluginCreate: ({ query, upload, signal }) => plugins.create(query.name ?? '', upload, { signal }),
    PluginInspect: ({ params }) => plugins.inspect(params.name),
    PluginEnable: ({ params, query }) => plugins.enable(params.name, { timeoutSeconds: seconds(query.timeout) }),
    PluginDisable: ({ params, query }) => plugins.disable(params.name, { force: query.force ?? false }),
    PluginUpgrade: async ({ params, query, body, header, signal }, output) => {
      output.setHeader('Docker-Plugin-Name', nameHere(query.remote ?? '', params.name));
      const auth = registryAuth(header('x-registry-auth'));
      await told(output, (onProgress) =>
        plugins.upgrade(params.name, query.remote ?? '', { auth, signal, onProgress, privileges: body ?? [] }),
      );
    },
    PluginPush: async ({ params, header, signal }, output) => {
      const auth = registryAuth(header('x-registry-auth'));
      await told(output, (onProgress) => plugins.push(params.name, { auth, signal, onProgress }));
    },
    PluginSet: ({ params, body }) => plugins.set(params.name, body ?? []),
    // Docker's document says that the plugin is answered; its daemon sends nothing.
    PluginDelete: async ({ params, query }) => {
      await plugins.remove(params.name, { force: query.force ?? false });
    },
  };
}

/** What comes after the first line goes wrong as a line of its own. */
async function told(
  output: DocumentOutput<ProgressMessage>,
  work: (onProgress: (message: ProgressMessage) => void) => Promise<void>,
): Promise<void> {
  let begun = false;
  try {
    await work((message) => {
      begun = true;
      output.send(message, { lossy: true });
    });
  } catch (error) {
    if (!begun) throw error;
    const message = error instanceof Error ? error.message : String(error);
    output.send({ errorDetail: { message }, error: message });
  }
}

/** The name with its tag; what is no reference is refused by the service. */
function nameHere(remote: string, given: string): string {
  const { domain, path, tag = 'latest' } = parseReference(given === '' ? remote : given);
  return familiar({ domain, path, tag });
}

/** As Go's strconv.Atoi, whose words Docker answers. @throws WharfError 'plugin.invalid' */
function seconds(text: string | undefined): number {
  if (text !== undefined && /^[+-]?\d{1,9}$/.test(text)) return Number(text);
  throw new WharfError('plugin.invalid', `strconv.Atoi: parsing ${JSON.stringify(text ?? '')}: invalid syntax`, {
    status: 500,
    hint: 'Give ?timeout= in seconds.',
  });
}
