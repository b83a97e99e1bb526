import { useState } from 'react';
import type { ContainerInspect } from '../../../contract/engine-types.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { FilterInput, Segments } from '../../ui/field.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';

export function InspectTab({ container }: { readonly container: ContainerInspect }) {
  const [view, setView] = useState<'tree' | 'json'>('tree');
  const [filter, setFilter] = useState('');
  const json = JSON.stringify(container, null, 2);
  return (
    <>
      <div className="mb-3 flex items-center gap-3">
        <Segments
          label="View"
          value={view}
          onChange={setView}
          options={[
            { value: 'tree', label: 'Tree' },
            { value: 'json', label: 'JSON' },
          ]}
        />
        {view === 'tree' && <FilterInput label="Filter fields" value={filter} onChange={setFilter} />}
        <div className="flex-1" />
        <CopyButton text={json} label="Copy the JSON" />
      </div>
      <section
        aria-label="Details"
        className="min-h-0 flex-1 overflow-auto rounded-xl border border-line bg-surface p-4 font-mono text-xs leading-5"
      >
        {view === 'tree' ? <JsonTree value={container} filter={filter} /> : <pre className="select-text">{json}</pre>}
      </section>
    </>
  );
}
