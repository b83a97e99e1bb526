import type { Capabilities, Settings } from '../../../contract/host-schemas.ts';
import { useChangeSettings } from '../../host/host-context.tsx';
import { Segments, Switch } from '../../ui/field.tsx';
import { toastError } from '../../ui/toast.ts';
import { Row, Section } from './settings-rows.tsx';

export function AppearanceSection({ settings }: { readonly settings: Settings }) {
  const change = useChangeSettings();
  return (
    <Section title="Appearance">
      <Row title="Theme" hint="System follows the machine." words="dark light colour">
        <Segments
          label="Theme"
          value={settings.theme}
          onChange={(theme) => void change({ theme }).catch(toastError)}
          options={[
            { value: 'system', label: 'System' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
        />
      </Row>
    </Section>
  );
}

export function BehaviourSection({
  settings,
  capabilities,
}: {
  readonly settings: Settings;
  readonly capabilities: Capabilities;
}) {
  const change = useChangeSettings();
  const toggle = (
    title: string,
    hint: string,
    key: 'closeToTray' | 'startAtLogin' | 'showExtensionContainers' | 'notifyOnExit',
  ) => (
    <Row title={title} hint={hint}>
      <Switch
        label={title}
        checked={settings[key]}
        onChange={(checked) => void change({ [key]: checked }).catch(toastError)}
      />
    </Row>
  );
  return (
    <Section title="Behaviour">
      {capabilities.tray &&
        toggle('Keep running in the tray', 'Closing the window leaves the engine and the tray icon.', 'closeToTray')}
      {capabilities.startAtLogin &&
        toggle('Start at login', 'Wharf starts with your session, without a window.', 'startAtLogin')}
      {capabilities.notifications &&
        toggle('Tell when a container fails', 'A notification when one exits with an error.', 'notifyOnExit')}
      {toggle(
        'Show containers of extensions',
        'They are hidden from lists unless this is on.',
        'showExtensionContainers',
      )}
    </Section>
  );
}
