import type { EventMessage } from '../../../contract/engine-types.ts';
import { useLiveEvents } from '../../engine/live-events.tsx';
import { Card } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';

/** "container nginx-1 · die (exit 0)". */
export function eventText(event: EventMessage): { subject: string; act: string } {
  const { name, image, container, exitCode } = event.Actor.Attributes;
  // A volume event names the volume by its ID; its `container` is who mounts it.
  const subject =
    event.Type === 'volume'
      ? event.Actor.ID.slice(0, 24)
      : (name ?? image ?? container?.slice(0, 12) ?? event.Actor.ID.slice(0, 12));
  const act = event.Action.split(':')[0] ?? event.Action;
  return { subject: subject || event.Type, act: exitCode === undefined ? act : `${act} (exit ${exitCode})` };
}

export function RecentEvents() {
  const events = useLiveEvents((state) => state.recent);
  return (
    <Card title="Recent events">
      {events.length === 0 ? (
        <p className="py-4 text-ink-3">Nothing has happened since this window opened.</p>
      ) : (
        <ul aria-label="Recent events">
          {events.slice(0, 9).map((event) => {
            const { subject, act } = eventText(event);
            return (
              <li
                key={`${event.timeNano} ${event.Action}`}
                className="flex items-center gap-2 border-b border-line py-1.5 text-xs last:border-0"
              >
                <span className="w-16 text-ink-3">{event.Type}</span>
                <span className="min-w-0 flex-1 truncate">
                  <span className="font-medium">{subject}</span> <span className="text-ink-2">{act}</span>
                </span>
                <RelativeTime atMs={event.time * 1000} />
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
