import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext } from './container-context.ts';
import { parseName } from './container-names.ts';
import { nameTaken } from './container-store.ts';
import { reworded } from './reworded.ts';

/** POST /containers/{id}/rename. @throws WharfError 'container.name-taken' | 'container.name-invalid' */
export async function renameContainer(context: ContainerContext, ref: string, given: string): Promise<void> {
  const handle = context.find(ref);
  if (given === '') {
    throw new WharfError('request.invalid', 'Neither old nor new names may be empty');
  }
  const name = newName(context, handle.id, given);
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

/** @throws WharfError with dockerd's prefix to what is wrong with the name */
function newName({ store }: ContainerContext, id: string, given: string): string {
  try {
    const name = parseName(given.startsWith('/') ? given : `/${given}`);
    const holder = store.idOfName(name);
    if (holder !== undefined && holder !== id) throw nameTaken(name, holder);
    return name;
  } catch (error) {
    throw reworded('Error when allocating new name: ', error);
  }
}
