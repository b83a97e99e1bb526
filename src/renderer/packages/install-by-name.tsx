import { useState } from 'react';
import { useHost } from '../host/host-context.tsx';
import { type PackageKind, previewPackage } from '../host/packages.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Input } from '../ui/field.tsx';

/** For packages that no catalogue lists: private ones, and those still in the making. */
export function InstallByName({
  open,
  kind,
  onClose,
}: {
  readonly open: boolean;
  readonly kind: PackageKind;
  readonly onClose: () => void;
}) {
  const host = useHost();
  const [image, setImage] = useState('');
  const submit = () => {
    if (image.trim() === '') return;
    onClose();
    void previewPackage(host, kind, image.trim());
    setImage('');
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      onSubmit={submit}
      width="sm"
      title={`Install ${kind === 'extension' ? 'an extension' : 'a plugin'} by name`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={image.trim() === ''}>
            Look at it
          </Button>
        </>
      }
    >
      <Field label="Image" hint="You see what it may do before anything is installed.">
        {(ids) => (
          <Input
            {...ids}
            placeholder="registry.example.com/team/tool:1.0"
            value={image}
            onChange={(e) => setImage(e.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}
