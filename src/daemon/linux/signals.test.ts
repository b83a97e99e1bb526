import { describe, expect, it } from 'vitest';
import { parseSignal, signalName } from './signals.ts';

describe('signals', () => {
  it('are read by name with and without SIG, in any case, and by number', () => {
    expect(['SIGKILL', 'KILL', 'kill', '9', ' sigkill '].map(parseSignal)).toEqual([9, 9, 9, 9, 9]);
    expect(['SIGIOT', 'SIGCLD', 'SIGPOLL'].map(parseSignal)).toEqual([6, 17, 29]);
  });
  it('reach up to the real-time ones', () => {
    expect(['SIGRTMIN', 'RTMIN+3', 'SIGRTMAX', 'RTMAX-1', '64'].map(parseSignal)).toEqual([34, 37, 64, 63, 64]);
  });
  it('are refused in the words of Docker when there is no such one', () => {
    for (const text of ['', 'SIGNOPE', '0', '65', 'RTMIN+31', '-9']) {
      expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
    }
  });
  it('have names', () => {
    expect([9, 15, 34, 37].map(signalName)).toEqual(['SIGKILL', 'SIGTERM', 'SIGRTMIN', 'SIGRTMIN+3']);
  });
});
