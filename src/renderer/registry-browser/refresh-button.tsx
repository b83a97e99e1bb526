import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import { IconButton } from '../ui/button.tsx';
import { useRefresh } from './browser-queries.ts';

/** Others push without telling: reads all again that is shown. */
export function RefreshButton() {
  const refresh = useRefresh();
  const [busy, setBusy] = useState(false);
  const again = async () => {
    setBusy(true);
    await refresh().finally(() => setBusy(false));
  };
  return (
    <IconButton label="Read again" busy={busy} onClick={() => void again()}>
      <RotateCw />
    </IconButton>
  );
}
