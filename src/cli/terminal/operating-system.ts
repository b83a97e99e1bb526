/** The system this command runs on, in Go's words, as `version` shows it. */
export function operatingSystem(): { readonly os: string; readonly architecture: string } {
  return {
    os: process.platform === 'win32' ? 'windows' : process.platform,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
  };
}
