import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { IconButton } from './button.tsx';
import { Tip } from './tooltip.tsx';

async function copy(text: string, done: () => void): Promise<void> {
  await navigator.clipboard.writeText(text);
  done();
}

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [copied, setCopied] = useState(false);
  const flash = () => {
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  return (
    <IconButton
      label={copied ? 'Copied' : label}
      onClick={() => copy(text, flash)}
      className="size-6.5 [&_svg]:size-3.5"
    >
      {copied ? <Check /> : <Copy />}
    </IconButton>
  );
}

/** A short id; a click copies the full one. */
export function ShortId({ id }: { readonly id: string }) {
  const [copied, setCopied] = useState(false);
  const full = id.replace(/^sha256:/, '');
  const flash = () => {
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  return (
    <Tip text={copied ? 'Copied' : 'Copy the full ID'}>
      <button
        type="button"
        onClick={() => copy(full, flash)}
        className="rounded font-mono text-xs text-ink-3 hover:text-accent"
      >
        {full.slice(0, 12)}
      </button>
    </Tip>
  );
}
