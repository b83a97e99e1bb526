/** The three systems Wharf's hosts run on; every other UNIX counts as Linux. */
export function hostPlatform(): 'linux' | 'darwin' | 'win32' {
  if (process.platform === 'darwin' || process.platform === 'win32') return process.platform;
  return 'linux';
}
