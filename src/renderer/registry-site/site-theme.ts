import { useEffect, useState, useSyncExternalStore } from 'react';

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const key = 'wharf-registry-theme';

function subscribe(listener: () => void): () => void {
  systemDark.addEventListener('change', listener);
  return () => systemDark.removeEventListener('change', listener);
}

function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // A browser that keeps nothing for anybody.
    return null;
  }
}

/** Light or dark: as the system has it, until somebody chooses. */
export function useSiteTheme(): { readonly theme: 'light' | 'dark'; readonly toggle: () => void } {
  const system = useSyncExternalStore(subscribe, () => systemDark.matches);
  const [chosen, setChosen] = useState(stored);
  const theme = chosen === 'light' || chosen === 'dark' ? chosen : system ? 'dark' : 'light';
  useEffect(() => {
    document.documentElement.classList.toggle('dark', theme === 'dark');
  }, [theme]);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    setChosen(next);
    try {
      localStorage.setItem(key, next);
    } catch {
      // Then it holds until the page is closed.
    }
  };
  return { theme, toggle };
}
