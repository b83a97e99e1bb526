import { useState } from 'react';
import type { Capabilities, Settings } from '../../../contract/host-schemas.ts';
import { useEngineInfo } from '../../engine/queries.ts';
import { useChangeSettings, useHost } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Input, Select } from '../../ui/field.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';
import { type Draft, settingsOf, shownText, texts } from './engine-settings-draft.ts';
import { Row, Section } from './settings-rows.tsx';

const levels = ['debug', 'info', 'warn', 'error'] as const;

export function EngineSection({
  settings,
  capabilities,
}: {
  readonly settings: Settings;
  readonly capabilities: Capabilities;
}) {
  const host = useHost();
  const change = useChangeSettings();
  const info = useEngineInfo().data;
  const [draft, setDraft] = useState<Draft>({});
  const dirty = Object.keys(draft).length > 0;
  const save = async () => {
    await change({ engine: settingsOf(draft) });
    setDraft({});
    toastSuccess('Saved. It takes effect when the engine starts again.');
  };
  const restart = async () => {
    await host.invoke('engine.restart', null);
    toastSuccess('The engine is starting again. Containers stay up.');
  };
  return (
    <Section title="Engine">
      {texts.map(({ key, title, hint, placeholder }) => (
        <Row key={key} title={title} hint={hint} words={hint ? undefined : 'proxy'}>
          <Input
            aria-label={title}
            className="w-72!"
            placeholder={placeholder}
            value={draft[key] ?? shownText(settings.engine, key)}
            onChange={(e) => setDraft({ ...draft, [key]: e.target.value })}
          />
        </Row>
      ))}
      <Row title="Log level of the engine" hint="Debug names every request.">
        <Select
          aria-label="Log level"
          className="w-40!"
          value={draft.logLevel ?? settings.engine.logLevel}
          onChange={(e) => setDraft({ ...draft, logLevel: levels.find((level) => level === e.target.value) ?? 'info' })}
        >
          {levels.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </Select>
      </Row>
      <Row title="Data" hint={info?.DockerRootDir ?? ''} words="folder disk">
        <div className="flex gap-2">
          {capabilities.engineControl && (
            <Button onClick={() => void restart().catch(toastError)} disabled={dirty}>
              Restart the engine
            </Button>
          )}
          <Button look="primary" disabled={!dirty} onClick={() => void save().catch(toastError)}>
            Save
          </Button>
        </div>
      </Row>
    </Section>
  );
}
