/** Calls of operating-system features the stand-in does not have; tests may look at them through `app.evaluate`. */
export const recordedCalls: { readonly api: string; readonly args: readonly unknown[] }[] = [];

export function record(api: string): (...args: unknown[]) => void {
  return (...args) => void recordedCalls.push({ api, args });
}
