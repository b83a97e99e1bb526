// Semantic Versioning 2.0.0, with an optional v. Pre-releases count only when nothing else is there.
const form = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(-[0-9A-Za-z.-]+)?$/;

/** @returns the highest semantic version among tags, or undefined when none is one */
export function highestVersion(tags: readonly string[]): string | undefined {
  const versions = tags.flatMap((tag) => {
    const match = form.exec(tag);
    if (match === null) return [];
    const numbers = [match[1], match[2], match[3] ?? '0'].map(Number);
    return [{ tag, numbers, preRelease: match[4] }];
  });
  const released = versions.filter(({ preRelease }) => preRelease === undefined);
  const candidates = released.length > 0 ? released : versions;
  candidates.sort((a, b) => {
    for (const [index, number] of a.numbers.entries()) {
      const difference = number - (b.numbers[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return (a.preRelease ?? '').localeCompare(b.preRelease ?? '', 'en', { numeric: true });
  });
  return candidates.at(-1)?.tag;
}
