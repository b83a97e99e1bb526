/** Picks the host by what the page finds: the preload bridge of Electron, or a browser in front of the web gateway. */
if ('wharfHost' in window) void import('./entry.electron.tsx');
else void import('./entry.web.tsx');
