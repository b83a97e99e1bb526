import type { ImageConfigDocument } from '../../oci/manifest.ts';
import { Card, Facts } from '../ui/page.tsx';

function words(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value
    .filter((item): item is string => typeof item === 'string')
    .map((item) => (/[\s"']/.test(item) ? JSON.stringify(item) : item))
    .join(' ');
}

function keys(value: unknown): string {
  return typeof value === 'object' && value !== null ? Object.keys(value).join(', ') : '';
}

/** How a container of this image starts, and what its maker wrote on it. */
export function ImageSettings({ image }: { readonly image: ImageConfigDocument }) {
  const { Entrypoint, Cmd, Env, WorkingDir, User, ExposedPorts, Volumes } = image.config;
  const facts: readonly (readonly [string, string])[] = [
    ['Entrypoint', words(Entrypoint)],
    ['Command', words(Cmd)],
    ['Folder', words(WorkingDir)],
    ['User', words(User)],
    ['Ports', keys(ExposedPorts)],
    ['Volumes', keys(Volumes)],
  ];
  const shown = facts.filter(([, value]) => value !== '');
  const env = Array.isArray(Env) ? Env.filter((item): item is string => typeof item === 'string') : [];
  const labels = Object.entries(image.labels).filter(([, value]) => !value.startsWith('data:'));
  return (
    <>
      {shown.length > 0 && (
        <Card title="Starts with">
          <Facts
            facts={shown.map(([name, value]) => [
              name,
              <code key={name} className="font-mono text-xs break-all">
                {value}
              </code>,
            ])}
          />
        </Card>
      )}
      {env.length > 0 && (
        <Card title="Environment">
          <ul className="flex flex-col gap-1 font-mono text-xs">
            {env.map((line) => (
              <li key={line} className="break-all">
                {line}
              </li>
            ))}
          </ul>
        </Card>
      )}
      {labels.length > 0 && (
        <Card title="Labels">
          <dl className="flex flex-col gap-2">
            {labels.map(([name, value]) => (
              <div key={name}>
                <dt className="text-xs break-all text-ink-3">{name}</dt>
                <dd className="break-words">{value || '–'}</dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
    </>
  );
}
