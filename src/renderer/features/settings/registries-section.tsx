import { useQuery, useQueryClient } from '@tanstack/react-query';
import { LogOut, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Settings } from '../../../contract/host-schemas.ts';
import { intend } from '../../engine/intents.ts';
import { useRegistries } from '../../engine/queries.ts';
import { hostKeys, useChangeSettings, useHost } from '../../host/host-context.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Input } from '../../ui/field.tsx';
import { Badge } from '../../ui/status.tsx';
import { toastError } from '../../ui/toast.ts';
import { Row, Section } from './settings-rows.tsx';

const roles = { registry: 'Searched', mirror: 'Mirror', fallback: 'Fallback' } as const;

export function RegistriesSection({ settings }: { readonly settings: Settings }) {
  const host = useHost();
  const cache = useQueryClient();
  const change = useChangeSettings();
  const used = useRegistries().data ?? [];
  const credentials =
    useQuery({ queryKey: hostKeys.credentials, queryFn: () => host.invoke('credentials.list', null), retry: false })
      .data ?? [];
  const [address, setAddress] = useState('');
  const add = async () => {
    await change({ registries: [...settings.registries, { address: address.trim() }] });
    setAddress('');
  };
  const signOut = async (registry: string) => {
    await host.invoke('credentials.remove', { registry });
    await cache.invalidateQueries({ queryKey: hostKeys.credentials });
  };
  return (
    <Section title="Registries">
      <Row
        title="Used by the engine"
        hint="A fallback is asked when the registry can not be reached or does not know the image."
        words="mirror docker hub"
        wide
      >
        <ul className="flex flex-col gap-1">
          {used.map((each) => (
            <li key={`${each.role} ${each.url}`} className="flex items-center gap-2">
              <code className="flex-1 font-mono text-xs">{each.url}</code>
              <Badge tone={each.role === 'registry' ? 'accent' : 'idle'}>{roles[each.role]}</Badge>
            </li>
          ))}
        </ul>
      </Row>
      <Row title="More registries to search" hint="Beside Docker Hub, on the page Registry." wide>
        <div className="flex flex-col gap-2">
          {settings.registries.map((each) => (
            <div key={each.address} className="flex items-center gap-2">
              <code className="flex-1 font-mono text-xs">{each.address}</code>
              <IconButton
                label={`Forget ${each.address}`}
                tone="danger"
                onClick={() =>
                  void change({ registries: settings.registries.filter((other) => other !== each) }).catch(toastError)
                }
              >
                <Trash2 />
              </IconButton>
            </div>
          ))}
          <form
            className="flex gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              if (address.trim() !== '') void add().catch(toastError);
            }}
          >
            <Input
              aria-label="Address of a registry"
              placeholder="registry.example.com:5000"
              value={address}
              onChange={(e) => setAddress(e.target.value)}
            />
            <Button type="submit" icon={<Plus className="size-4" />} disabled={address.trim() === ''}>
              Add
            </Button>
          </form>
        </div>
      </Row>
      <Row title="Signed in" hint="Secrets are kept encrypted and never shown." words="login password credentials" wide>
        <div className="flex flex-col gap-2">
          {credentials.map((each) => (
            <div key={each.registry} className="flex items-center gap-2">
              <span className="flex-1">
                <span className="font-medium">{each.registry}</span>{' '}
                <span className="text-ink-3">as {each.username}</span>
              </span>
              <Button
                size="sm"
                icon={<LogOut className="size-3.5" />}
                onClick={() => void signOut(each.registry).catch(toastError)}
              >
                Sign out
              </Button>
            </div>
          ))}
          <Button className="self-start" onClick={() => intend({ kind: 'sign-in', registry: '' })}>
            Sign in to a registry
          </Button>
        </div>
      </Row>
    </Section>
  );
}
