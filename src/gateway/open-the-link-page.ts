/** What a browser that is not signed in sees. Plain, without script. */
export function openTheLinkPage(options: { readonly expired: boolean }): string {
  const what = options.expired
    ? 'This sign-in link has been used already, or is too old.'
    : 'Wharf runs on this machine. To keep other programs and pages out, it opens only with a sign-in link.';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wharf: sign in</title>
<style>
  :root { color-scheme: light dark; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.6 system-ui, sans-serif;
    background: light-dark(#f6f7f9, #14171c); color: light-dark(#1c2430, #e6e9ee); }
  main { max-width: 32rem; padding: 2rem; }
  h1 { font-size: 1.4rem; }
  code { padding: .15em .4em; border-radius: .3em; background: light-dark(#e6e9ee, #252b34); }
</style>
<main>
  <h1>Open the link Wharf printed</h1>
  <p>${what}</p>
  <p>Use the link in the terminal where Wharf was started: press Enter there for a fresh one, or run
    <code>wharf web --new-link</code>. Each link works once.</p>
  <p><a href="/">I have signed in already</a></p>
</main>
</html>
`;
}
