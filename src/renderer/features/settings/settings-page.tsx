import { useState } from 'react';
import { useAppInfo, useSettings } from '../../host/host-context.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { FilterInput } from '../../ui/field.tsx';
import { Page } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/progress.tsx';
import { DiagnosticsSection } from './diagnostics-section.tsx';
import { EngineSection } from './engine-section.tsx';
import { RegistriesSection } from './registries-section.tsx';
import { SettingsSections } from './settings-rows.tsx';
import { AppearanceSection, BehaviourSection } from './simple-sections.tsx';

export function SettingsPage() {
  const settings = useSettings();
  const info = useAppInfo().data;
  const [filter, setFilter] = useState('');
  return (
    <Page
      title="Settings"
      lead="Everything here is kept on this machine. Wharf sends nothing to anyone."
      toolbar={<FilterInput label="Search the settings" value={filter} onChange={setFilter} className="w-80" />}
    >
      {settings.error ? (
        <ErrorNote error={settings.error} />
      ) : settings.data && info ? (
        <SettingsSections filter={filter}>
          <AppearanceSection settings={settings.data} />
          <BehaviourSection settings={settings.data} capabilities={info.capabilities} />
          <RegistriesSection settings={settings.data} />
          <EngineSection settings={settings.data} capabilities={info.capabilities} />
          <DiagnosticsSection info={info} />
        </SettingsSections>
      ) : (
        <Skeleton className="h-64 rounded-xl" />
      )}
    </Page>
  );
}
