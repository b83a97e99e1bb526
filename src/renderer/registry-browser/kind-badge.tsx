import { Box, FileBadge, Layers, Plug, Puzzle } from 'lucide-react';
import type { ReactNode } from 'react';
import { Badge } from '../ui/status.tsx';
import type { Repository } from './registry-content.ts';

type Kind = Repository['kind'];

const kinds: Record<Kind, { readonly icon: ReactNode; readonly text: string }> = {
  image: { icon: <Layers />, text: 'Image' },
  extension: { icon: <Puzzle />, text: 'Extension' },
  plugin: { icon: <Plug />, text: 'Plugin' },
  artifact: { icon: <FileBadge />, text: 'Artifact' },
  unknown: { icon: <Box />, text: 'Repository' },
};

export function KindBadge({ kind }: { readonly kind: Kind }) {
  return <Badge tone={kind === 'extension' || kind === 'plugin' ? 'accent' : 'idle'}>{kinds[kind].text}</Badge>;
}

/** The picture an image brought along, else the sign of its kind. */
export function RepositoryIcon({ repository }: { readonly repository: Pick<Repository, 'icon' | 'kind'> }) {
  if (repository.icon !== undefined)
    return <img src={repository.icon} alt="" className="size-8 shrink-0 rounded-lg object-contain" />;
  return (
    <span
      aria-hidden
      className="grid size-8 shrink-0 place-items-center rounded-lg bg-accent-soft text-accent [&_svg]:size-4"
    >
      {kinds[repository.kind].icon}
    </span>
  );
}
