import { useState } from 'react';
import type { Capabilities, Settings } from '../../../contract/host-schemas.ts';
import { useEngineInfo } from '../../engine/queries.ts';
import { useChangeSettings, useHost } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Input, Select } from '../../ui/field.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';
import { Row, Section } from './settings-rows.tsx';

type EngineSettings = Settings['engine'];
const levels = ['debug', 'info', 'warn', 'error'] as const;
const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);

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
  const [draft, setDraft] = useState<Partial<EngineSettings>>({});
  const value = { ...settings.engine, ...draft };
  const dirty = Object.keys(draft).length > 0;
  const edit = (part: Partial<EngineSettings>) => setDraft({ ...draft, ...part });
  const save = async () => {
    await change({ engine: draft });
    setDraft({});
    toastSuccess('Saved. It takes effect when the engine starts again.');
  };
  const restart = async () => {
    await host.invoke('engine.restart', null);
    toastSuccess('The engine is starting again. Containers stay up.');
  };
  return (
    <Section title="Engine">
      <Row title="Mirrors of Docker Hub" hint="Asked before Docker Hub, in this order; one address a word.">
        <Input
          aria-label="Mirrors of Docker Hub"
          className="w-72!"
          placeholder="https://mirror.example.com"
          value={value.registryMirrors.join(' ')}
          onChange={(e) => edit({ registryMirrors: list(e.target.value) })}
        />
      </Row>
      <Row title="Insecure registries" hint="May speak plain HTTP or show an unknown certificate.">
        <Input
          aria-label="Insecure registries"
          className="w-72!"
          placeholder="registry.local:5000"
          value={value.insecureRegistries.join(' ')}
          onChange={(e) => edit({ insecureRegistries: list(e.target.value) })}
        />
      </Row>
      <Row title="HTTP proxy" hint="For pulls and pushes." words="proxy">
        <Input
          aria-label="HTTP proxy"
          className="w-72!"
          placeholder="http://proxy.example.com:3128"
          value={value.httpProxy}
          onChange={(e) => edit({ httpProxy: e.target.value })}
        />
      </Row>
      <Row title="HTTPS proxy" words="proxy">
        <Input
          aria-label="HTTPS proxy"
          className="w-72!"
          placeholder="http://proxy.example.com:3128"
          value={value.httpsProxy}
          onChange={(e) => edit({ httpsProxy: e.target.value })}
        />
      </Row>
      <Row title="No proxy for" words="proxy">
        <Input
          aria-label="No proxy for"
          className="w-72!"
          placeholder="localhost,.internal"
          value={value.noProxy}
          onChange={(e) => edit({ noProxy: e.target.value })}
        />
      </Row>
      <Row title="Log level of the engine" hint="Debug names every request.">
        <Select
          aria-label="Log level"
          className="w-40!"
          value={value.logLevel}
          onChange={(e) => edit({ logLevel: levels.find((level) => level === e.target.value) ?? 'info' })}
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
