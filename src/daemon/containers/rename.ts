import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext } from './container-context.ts';
import { parseName } from './container-names.ts';

/** POST /containers/{id}/rename. @throws WharfError 'container.name-taken' | 'container.name-invalid' */
export async function renameContainer(context: ContainerContext, ref: string, given: string): Promise<void> {
  const handle = context.find(ref);
  if (given === '') {
    throw new WharfError('request.invalid', 'Neither old nor new names may be empty');
  }
  const name = parseName(given);
  await handle.queue.run(async () => {
    const { record } = handle;
    if (record.name === name) {
      throw new WharfError('request.invalid', 'Renaming a container with the same name as its current name');
    }
    context.store.setRecord({ ...record, name });
    context.networks.renameContainer(handle.id, name);
    context.announce(handle, 'rename', { oldName: `/${record.name}` });
  });
}
