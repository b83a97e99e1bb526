import { ArrowDownToLine, Ban, CircleCheck, CircleX } from 'lucide-react';
import { endIntent, useIntent } from '../engine/intents.ts';
import { totalShare } from '../engine/pull-progress.ts';
import { cancelTask, dismissEnded, type Task, useTasks } from '../engine/tasks.ts';
import { Button } from '../ui/button.tsx';
import { Drawer } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Progress } from '../ui/progress.tsx';
import { RelativeTime } from '../ui/relative-time.tsx';
import { Spinner } from '../ui/spinner.tsx';

const marks = {
  running: <Spinner className="text-accent" />,
  done: <CircleCheck className="size-4 text-good" />,
  failed: <CircleX className="size-4 text-bad" />,
  cancelled: <Ban className="size-4 text-idle" />,
} as const;
const words = { running: '', done: 'Done', failed: 'Failed', cancelled: 'Cancelled' } as const;

function TaskItem({ task }: { readonly task: Task }) {
  return (
    <li className="flex flex-col gap-2 rounded-xl border border-line bg-surface p-3">
      <div className="flex items-center gap-2">
        {marks[task.state]}
        <span className="min-w-0 flex-1 truncate font-medium">
          {task.kind === 'pull' ? 'Pull' : 'Push'} {task.reference}
        </span>
        {task.state === 'running' ? (
          <Button size="sm" look="ghost" onClick={() => cancelTask(task.id)}>
            Cancel
          </Button>
        ) : (
          <span className="text-xs text-ink-3">
            {words[task.state]} · <RelativeTime atMs={task.startedAtMs} />
          </span>
        )}
      </div>
      {task.state === 'running' && (
        <Progress value={totalShare(task.progress)} label={`Progress of ${task.reference}`} thin />
      )}
      {task.state === 'failed' && (
        <p className="text-xs text-bad">
          {task.progress.error} {task.progress.hint && <span className="text-ink-2">{task.progress.hint}</span>}
        </p>
      )}
    </li>
  );
}

export function TaskDrawer() {
  const open = useIntent((state) => state.intent.kind === 'tasks');
  const tasks = useTasks((state) => state.tasks);
  return (
    <Drawer open={open} onClose={endIntent} title="Tasks">
      {tasks.length === 0 ? (
        <EmptyState icon={<ArrowDownToLine />} title="No tasks">
          Pulls and pushes go on here while you do other things.
        </EmptyState>
      ) : (
        <div className="flex flex-col gap-3">
          <ul className="flex flex-col gap-2">
            {tasks.map((task) => (
              <TaskItem key={task.id} task={task} />
            ))}
          </ul>
          {tasks.some((task) => task.state !== 'running') && (
            <Button look="ghost" onClick={dismissEnded} className="self-end">
              Clear ended tasks
            </Button>
          )}
        </div>
      )}
    </Drawer>
  );
}
