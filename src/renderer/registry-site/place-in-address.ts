import { useSyncExternalStore } from 'react';
import { formatPlace, type Place, parsePlace } from '../registry-browser/place.ts';

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

function placeText(): string {
  try {
    return decodeURI(location.hash.replace(/^#\/?/, ''));
  } catch {
    return '';
  }
}

function go(place: Place): void {
  location.hash = `/${formatPlace(place)}`;
}

/** The place stands behind the # of the address, so that Back goes back and a link leads there. */
export function usePlaceInAddress(): readonly [Place, (place: Place) => void] {
  const text = useSyncExternalStore(subscribe, placeText);
  return [parsePlace(text), go];
}
