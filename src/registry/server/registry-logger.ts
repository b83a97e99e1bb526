/** Where the registry writes what it does. */
export interface RegistryLogger {
  info(message: string): void;
  error(message: string, cause?: unknown): void;
}

export const silentLogger: RegistryLogger = {
  info: () => undefined,
  error: () => undefined,
};

/** One line an event, with its time, to a stream. */
export function lineLogger(stream: NodeJS.WritableStream): RegistryLogger {
  const write = (level: string, message: string): void => {
    // A log is read in a terminal: control characters of a request must not reach it.
    stream.write(`${new Date().toISOString()} ${level} ${message.replace(/\p{Cc}/gu, '?')}\n`);
  };
  return {
    info: (message) => write('info', message),
    error: (message, cause) => {
      const why =
        cause instanceof Error ? `: ${cause.stack ?? cause.message}` : cause === undefined ? '' : `: ${String(cause)}`;
      for (const line of `${message}${why}`.split('\n')) write('error', line);
    },
  };
}
