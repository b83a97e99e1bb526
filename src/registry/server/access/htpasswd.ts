/**
 * Users of the registry, one `name:hash` a line, as in Apache's htpasswd. Hashes are scrypt (`wharf registry user add` makes
 * them), bcrypt (`htpasswd -B`, what docker's registry uses) or `{SHA}` (`htpasswd -s`; unsalted, so only for tests).
 *
 *     alice:$scrypt$ln=14,r=8,p=1$<salt, base64>$<hash, base64>
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { WharfError } from '../../../contract/errors.ts';
import { bcryptHash, parseBcrypt } from './bcrypt.ts';

interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

const defaultCost: ScryptCost = { logN: 14, r: 8, p: 1 };
const hashBytes = 32;
const scryptForm =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/=]{16,128})\$([A-Za-z0-9+/=]{24,128})$/;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

export type PasswordCheck = (password: string) => Promise<boolean>;

/** @throws WharfError 'request.invalid' naming the line that can not be read */
export function parseHtpasswd(text: string): ReadonlyMap<string, PasswordCheck> {
  const users = new Map<string, PasswordCheck>();
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    if (name === '') throw bad(at, 'it is not of the form name:hash');
    users.set(name, checkOf(line.slice(colon + 1), at));
  }
  return users;
}

/** A line for a new user. @throws WharfError 'request.invalid' */
export async function htpasswdLine(name: string, password: string): Promise<string> {
  if (!nameForm.test(name))
    throw new WharfError('request.invalid', `invalid user name ${JSON.stringify(name.slice(0, 128))}`);
  if (password === '') throw new WharfError('request.invalid', 'the password must not be empty');
  const salt = randomBytes(16);
  const hash = await derive(password, salt, defaultCost);
  const { logN, r, p } = defaultCost;
  return `${name}:$scrypt$ln=${logN},r=${r},p=${p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function checkOf(hash: string, at: number): PasswordCheck {
  const match = scryptForm.exec(hash);
  if (match !== null) {
    const [, logN, r, p, salt = '', expected = ''] = match;
    const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
    if (cost.logN < 10 || cost.logN > 20 || cost.r < 1 || cost.r > 32 || cost.p < 1 || cost.p > 16)
      throw bad(at, 'its scrypt cost is out of bounds');
    const saltBytes = Buffer.from(salt, 'base64');
    const expectedBytes = Buffer.from(expected, 'base64');
    return async (password) => same(await derive(password, saltBytes, cost, expectedBytes.byteLength), expectedBytes);
  }
  if (hash.startsWith('{SHA}')) {
    const expected = Buffer.from(hash.slice('{SHA}'.length), 'base64');
    return async (password) => same(createHash('sha1').update(password).digest(), expected);
  }
  const bcrypt = parseBcrypt(hash);
  if (bcrypt !== undefined) {
    // A check of cost 14 takes seconds here; a higher one would let a few sign-ins stop the registry.
    if (bcrypt.cost < 4 || bcrypt.cost > 14) throw bad(at, 'its bcrypt cost is out of bounds (4 to 14)');
    return async (password) => same(await bcryptHash(password, bcrypt.cost, bcrypt.salt), bcrypt.hash);
  }
  const kind = hash.startsWith('$2')
    ? 'a broken bcrypt'
    : hash.startsWith('$apr1$')
      ? "Apache's MD5"
      : 'an unknown hash';
  throw bad(at, `it uses ${kind}, and only scrypt (made by \`wharf registry user add\`), bcrypt and {SHA} are known`);
}

function bad(at: number, why: string): WharfError {
  return new WharfError('request.invalid', `htpasswd line ${at + 1} can not be used: ${why}`);
}

function same(a: Buffer, b: Buffer): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function derive(password: string, salt: Uint8Array, cost: ScryptCost, length = hashBytes): Promise<Buffer> {
  const N = 2 ** cost.logN;
  const options = { N, r: cost.r, p: cost.p, maxmem: 128 * N * cost.r * 2 + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
