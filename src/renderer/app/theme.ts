import { useEffect, useSyncExternalStore } from 'react';
import { useSettings } from '../host/host-context.tsx';

const systemDark = matchMedia('(prefers-color-scheme: dark)');

function subscribe(listener: () => void): () => void {
  systemDark.addEventListener('change', listener);
  return () => systemDark.removeEventListener('change', listener);
}

/** Light or dark as the setting says, following the system when it says so. Puts the class on <html>. */
export function useTheme(): 'light' | 'dark' {
  const setting = useSettings().data?.theme ?? 'system';
  const system = useSyncExternalStore(subscribe, () => systemDark.matches);
  const theme = setting === 'system' ? (system ? 'dark' : 'light') : setting;
  useEffect(() => {
    document.documentElement.classList.toggle('dark', theme === 'dark');
  }, [theme]);
  return theme;
}
