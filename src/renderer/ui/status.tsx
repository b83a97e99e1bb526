import { AlertTriangle, Circle, CircleCheck, CircleDashed, CircleX, LoaderCircle, PauseCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { classes } from './classes.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'accent';

const tones: Record<Tone, string> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  idle: 'bg-idle-soft text-idle',
  accent: 'bg-accent-soft text-accent',
};

export function Badge({
  tone = 'idle',
  icon,
  children,
  title,
}: {
  readonly tone?: Tone;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
  readonly title?: string;
}) {
  return (
    <span
      title={title}
      className={classes(
        'inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3.5',
        tones[tone],
      )}
    >
      {icon}
      {children}
    </span>
  );
}

export type StatusKind = 'running' | 'starting' | 'paused' | 'unhealthy' | 'exited' | 'failed' | 'created' | 'unknown';

const statuses: Record<StatusKind, { tone: Tone; icon: ReactNode; text: string }> = {
  running: { tone: 'good', icon: <CircleCheck />, text: 'Running' },
  starting: { tone: 'warn', icon: <LoaderCircle className="animate-spin" />, text: 'Working' },
  paused: { tone: 'warn', icon: <PauseCircle />, text: 'Paused' },
  unhealthy: { tone: 'warn', icon: <AlertTriangle />, text: 'Unhealthy' },
  exited: { tone: 'idle', icon: <Circle />, text: 'Exited' },
  failed: { tone: 'bad', icon: <CircleX />, text: 'Failed' },
  created: { tone: 'idle', icon: <CircleDashed />, text: 'Created' },
  unknown: { tone: 'idle', icon: <CircleDashed />, text: 'Unknown' },
};

/** Status is never told by colour alone: an icon and a word always come with it. */
export function Status({
  kind,
  text,
  title,
}: {
  readonly kind: StatusKind;
  readonly text?: string;
  readonly title?: string;
}) {
  const status = statuses[kind];
  return (
    <Badge tone={status.tone} icon={status.icon} title={title}>
      {text ?? status.text}
    </Badge>
  );
}
