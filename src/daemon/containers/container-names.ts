import { randomInt } from 'node:crypto';
import { WharfError } from '../../contract/errors.ts';

/** Docker's rule for names given by users. */
const validName = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

const adjectives =
  'able airy amber ample azure bold brave breezy bright brisk calm candid cheery clear clever cosy crisp deft eager early earnest fair faithful fleet fresh gentle glad golden grand hardy hearty honest humble jaunty jolly keen kind lively loyal lucid mellow merry mighty misty modest neat nimble noble patient placid plucky polite proud quick quiet ready robust rosy salty serene sharp shiny silver simple sleek smart smooth snug solid spry stable steady sturdy sunny swift tidal tidy tranquil trim trusty upbeat vivid warm wise witty zesty'.split(
    ' ',
  );
/** Things of a harbour. */
const nouns =
  'anchor barge bay beacon berth bollard bosun bow breeze buoy cabin canal captain cargo channel chart clipper coast compass cove crane current cutter deck delta dinghy dock dory dune estuary ferry fjord foghorn galley gangway gull harbor heron hull inlet island jetty keel kelp ketch lagoon landing lantern lighthouse lock lugger mainsail mariner marina mast mooring oar ocean osprey otter paddle pelican pier pilot pontoon port puffin quay raft reef rigging rudder sail sailor sandbar schooner seal seagull shore skiff skipper sloop starboard stern surf tern tide tiller trawler tugboat voyage wake wave winch yacht'.split(
    ' ',
  );

/** A free name such as `brisk_lighthouse`; after some tries with a number, as Docker does. */
export function generateName(taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const base = `${pick(adjectives)}_${pick(nouns)}`;
    const name = tries < 6 ? base : `${base}${randomInt(10 ** Math.min(tries - 5, 9))}`;
    if (!taken(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'wharf';
}

/** The name without its leading slash. @throws WharfError 'container.name-invalid' */
export function parseName(given: string): string {
  if (!validName.test(given)) {
    throw new WharfError(
      'container.name-invalid',
      `Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  return given.startsWith('/') ? given.slice(1) : given;
}
