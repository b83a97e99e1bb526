import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine, ChevronDown, ChevronUp, Clock, Download, Eraser, Regex, WrapText } from 'lucide-react';
import { Fragment, useEffect, useMemo, useRef, useState } from 'react';
import type { ContainerInspect } from '../../../contract/engine-types.ts';
import type { LogLine } from '../../engine/log-lines.ts';
import { ansiSpans, stripAnsi } from '../../ui/ansi.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { classes } from '../../ui/classes.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Input } from '../../ui/field.tsx';
import { useContainerLogs } from './use-container-logs.ts';

function searchPattern(text: string, regex: boolean): RegExp | undefined {
  if (text === '') return undefined;
  try {
    return new RegExp(regex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
  } catch {
    return undefined; // half-typed expression; the field shows it as wrong
  }
}

/** Text with the found parts marked. */
function Marked({ text, pattern }: { readonly text: string; readonly pattern: RegExp | undefined }) {
  if (!pattern) return text;
  const parts: { text: string; hit: boolean; at: number }[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === '') continue;
    parts.push(
      { text: text.slice(from, match.index), hit: false, at: from },
      { text: match[0], hit: true, at: match.index },
    );
    from = match.index + match[0].length;
  }
  parts.push({ text: text.slice(from), hit: false, at: from + text.length });
  return parts.map((part) =>
    part.hit ? <mark key={part.at}>{part.text}</mark> : <Fragment key={`t${part.at}`}>{part.text}</Fragment>,
  );
}

function LineView({
  line,
  timestamps,
  pattern,
}: {
  readonly line: LogLine;
  readonly timestamps: boolean;
  readonly pattern: RegExp | undefined;
}) {
  return (
    <>
      {timestamps && (
        <span className="mr-3 text-[#7d90a0] select-none">{line.timestamp.slice(0, 23).replace('T', ' ')}</span>
      )}
      {ansiSpans(line.text).map((span, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: spans of a line never move
          key={index}
          style={{ color: span.colour, background: span.background }}
          className={classes(
            span.bold && 'font-bold',
            span.dim && 'opacity-60',
            span.italic && 'italic',
            span.underline && 'underline',
            !span.colour && line.stream === 'stderr' && 'text-[#f0a8a2]',
          )}
        >
          <Marked text={span.text} pattern={pattern} />
        </span>
      ))}
    </>
  );
}

function download(name: string, lines: readonly LogLine[]): void {
  const text = lines.map((line) => `${line.timestamp} ${stripAnsi(line.text)}`).join('\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text, '\n'], { type: 'text/plain' }));
  link.download = `${name}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function LogsTab({ container }: { readonly container: ContainerInspect }) {
  const logs = useContainerLogs(container.Id, container.State.StartedAt);
  const [search, setSearch] = useState('');
  const [regex, setRegex] = useState(false);
  const [timestamps, setTimestamps] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(true);
  const [at, setAt] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const pattern = useMemo(() => searchPattern(search, regex), [search, regex]);
  const hits = useMemo(() => {
    if (!pattern) return [];
    return logs.lines.flatMap((line, index) => (stripAnsi(line.text).search(pattern) >= 0 ? [index] : []));
  }, [logs.lines, pattern]);
  const virtual = useVirtualizer({
    count: logs.lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 19,
    overscan: 30,
  });
  useEffect(() => {
    if (follow && logs.lines.length > 0) virtual.scrollToIndex(logs.lines.length - 1, { align: 'end' });
  }, [follow, logs.lines.length, virtual]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'f') return;
      event.preventDefault();
      searchBox.current?.focus();
      searchBox.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const jump = (step: number) => {
    if (hits.length === 0) return;
    const next = (at + step + hits.length) % hits.length;
    setAt(next);
    setFollow(false);
    virtual.scrollToIndex(hits[next] ?? 0, { align: 'center' });
  };
  const onScroll = () => {
    const element = scroller.current;
    if (element && follow && element.scrollHeight - element.scrollTop - element.clientHeight > 120) setFollow(false);
  };
  const toggle = 'aria-pressed:bg-accent-soft aria-pressed:text-accent';
  return (
    <>
      <div className="mb-3 flex items-center gap-1.5">
        <div className="relative w-72">
          <Input
            ref={searchBox}
            aria-label="Search the logs"
            placeholder="Search the logs (Ctrl F)"
            value={search}
            invalid={search !== '' && !pattern}
            onChange={(e) => {
              setSearch(e.target.value);
              setAt(0);
            }}
            onKeyDown={(e) => e.key === 'Enter' && jump(e.shiftKey ? -1 : 1)}
            className="pr-20"
          />
          {search && (
            <span className="tabular absolute top-2 right-2.5 text-xs text-ink-3" role="status">
              {hits.length === 0 ? 'none' : `${at + 1} of ${hits.length}`}
            </span>
          )}
        </div>
        <IconButton label="Regular expression" aria-pressed={regex} className={toggle} onClick={() => setRegex(!regex)}>
          <Regex />
        </IconButton>
        <IconButton label="Previous match" disabled={hits.length === 0} onClick={() => jump(-1)}>
          <ChevronUp />
        </IconButton>
        <IconButton label="Next match" disabled={hits.length === 0} onClick={() => jump(1)}>
          <ChevronDown />
        </IconButton>
        <div className="flex-1" />
        <IconButton
          label="Timestamps"
          aria-pressed={timestamps}
          className={toggle}
          onClick={() => setTimestamps(!timestamps)}
        >
          <Clock />
        </IconButton>
        <IconButton label="Wrap long lines" aria-pressed={wrap} className={toggle} onClick={() => setWrap(!wrap)}>
          <WrapText />
        </IconButton>
        <IconButton label="Clear the view" onClick={logs.clear}>
          <Eraser />
        </IconButton>
        <IconButton
          label="Save as a file"
          disabled={logs.lines.length === 0}
          onClick={() => download(container.Name.replace(/^\//, ''), logs.lines)}
        >
          <Download />
        </IconButton>
      </div>
      {logs.error !== undefined && <ErrorNote error={logs.error} />}
      <div className="relative min-h-0 flex-1">
        <section
          ref={scroller}
          onScroll={onScroll}
          aria-label="Log output"
          data-testid="log-output"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
          tabIndex={0}
          className="absolute inset-0 overflow-auto rounded-xl bg-(--w-term-bg) py-2 font-mono text-xs leading-[19px] text-[#dbe5eb] select-text [&_mark]:rounded-sm [&_mark]:bg-[#eab040] [&_mark]:text-[#10191f]"
        >
          {logs.lines.length === 0 && (
            <p className="px-4 py-2 text-[#7d90a0]">{logs.live ? 'No output yet.' : 'This container wrote nothing.'}</p>
          )}
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map((item) => {
              const line = logs.lines[item.index];
              return (
                line && (
                  <div
                    key={item.key}
                    ref={virtual.measureElement}
                    data-index={item.index}
                    style={{ transform: `translateY(${item.start}px)` }}
                    className={classes(
                      'absolute top-0 left-0 px-4',
                      wrap ? 'w-full break-all whitespace-pre-wrap' : 'min-w-full whitespace-pre',
                      hits[at] === item.index && 'bg-white/10',
                    )}
                  >
                    <LineView line={line} timestamps={timestamps} pattern={pattern} />
                  </div>
                )
              );
            })}
          </div>
        </section>
        {!follow && (
          <Button
            size="sm"
            look="primary"
            icon={<ArrowDownToLine className="size-3.5" />}
            onClick={() => setFollow(true)}
            className="absolute right-4 bottom-4"
          >
            Follow
          </Button>
        )}
      </div>
    </>
  );
}
