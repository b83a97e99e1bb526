/**
 * Where an S3 storage is: `--root s3://bucket/prefix`, or `storage` in the settings file, or both; the environment of Amazon's
 * tools (AWS_REGION, AWS_ENDPOINT_URL_S3) fills in what neither says. Keys are in neither: see s3-credentials.ts.
 *
 *     "storage": { "s3": { "bucket": "images", "prefix": "registry", "region": "eu-central-1",
 *                          "endpoint": "https://minio.example.org:9000", "credentialsFile": "/etc/wharf/s3" } }
 */
import { WharfError } from '../../../../contract/errors.ts';
import { bad, fields, flag, object, text } from '../../settings-fields.ts';
import { isUploadData } from '../storage-paths.ts';
import { defaultPieceSizes } from './s3-appended-file.ts';
import { S3Client, type S3Endpoint } from './s3-client.ts';
import { credentialSource } from './s3-credentials.ts';
import { S3Driver } from './s3-driver.ts';

export interface S3Settings {
  readonly bucket?: string;
  /** Of all keys, without a slash at its end. */
  readonly prefix?: string;
  readonly region?: string;
  /** Amazon's own of the region when it is left out. */
  readonly endpoint?: string;
  /** `endpoint/bucket` instead of `bucket.endpoint`; true when there is an endpoint. */
  readonly pathStyle?: boolean;
  readonly credentialsFile?: string;
  /** A section of that file. */
  readonly profile?: string;
  /** For stores without conditional writes: this server is the only one on these keys. */
  readonly exclusive?: boolean;
}

export interface StorageSettings {
  readonly s3: S3Settings;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** S3's rules of names; none of them needs encoding, or is a path. */
const bucketForm = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixForm = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;

/** @throws WharfError 'request.invalid' naming the field */
export function storageSettings(json: unknown): StorageSettings {
  const { s3 } = object(json, 'storage', ['s3']);
  const where = 'storage.s3';
  const readers = {
    bucket: (value: unknown) => matching(value, `${where}.bucket`, bucketForm, 'the name of a bucket'),
    prefix: (value: unknown) => matching(value, `${where}.prefix`, prefixForm, 'names joined by slashes'),
    region: (value: unknown) => matching(value, `${where}.region`, /^[a-z0-9-]+$/, 'a region'),
    endpoint: (value: unknown) => endpointUrl(value, `${where}.endpoint`),
    pathStyle: (value: unknown) => flag(value, `${where}.pathStyle`),
    credentialsFile: (value: unknown) => text(value, `${where}.credentialsFile`, 'a path'),
    profile: (value: unknown) => text(value, `${where}.profile`, 'a section of the credentials file'),
    exclusive: (value: unknown) => flag(value, `${where}.exclusive`),
  };
  return { s3: fields<S3Settings>(object(s3, where, Object.keys(readers)), readers) };
}

/** What `--root` says of a bucket; undefined when it names a folder. @throws WharfError 'request.invalid' */
export function s3Root(root: string): S3Settings | undefined {
  if (!root.startsWith('s3://')) return undefined;
  if (root.includes('@'))
    throw new WharfError('request.invalid', '--root takes no keys: everybody on this machine could read them', {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file as storage.s3.credentialsFile in the settings.',
    });
  const [bucket = '', ...rest] = root.slice('s3://'.length).replace(/\/+$/, '').split('/');
  const prefix = rest.join('/');
  if (!bucketForm.test(bucket) || (prefix !== '' && !prefixForm.test(prefix)))
    throw new WharfError('request.invalid', `${root} is no bucket`, {
      hint: 'Write s3://BUCKET or s3://BUCKET/PREFIX.',
    });
  return { bucket, ...(prefix === '' ? {} : { prefix }) };
}

/** @throws WharfError 'request.invalid' */
export function openS3(root: S3Settings | undefined, settings: S3Settings | undefined, env: Environment): S3Driver {
  for (const key of ['bucket', 'prefix'] as const) {
    if (root?.bucket !== undefined && settings?.[key] !== undefined && settings[key] !== root[key])
      throw new WharfError('request.invalid', `--root and storage.s3.${key} of the settings say different things`);
  }
  const { bucket, prefix, region, endpoint, pathStyle, credentialsFile, profile, exclusive } = { ...settings, ...root };
  if (bucket === undefined) throw bad('storage.s3.bucket', 'there, or in --root');
  const place = {
    ...(credentialsFile === undefined ? {} : { file: credentialsFile }),
    ...(profile === undefined ? {} : { profile }),
  };
  const where = endpointOf(bucket, region, endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL, pathStyle, env);
  return new S3Driver({
    client: new S3Client(where, credentialSource(place, env)),
    prefix: prefix === undefined ? '' : `${prefix}/`,
    mayGrow: isUploadData,
    sizes: defaultPieceSizes,
    ...(exclusive === undefined ? {} : { exclusive }),
  });
}

function endpointOf(
  bucket: string,
  givenRegion: string | undefined,
  endpoint: string | undefined,
  pathStyle: boolean | undefined,
  env: Environment,
): S3Endpoint {
  const region = givenRegion || env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  // A dot in the name of a bucket would not match Amazon's certificate.
  return {
    url: endpoint === undefined ? `https://s3.${region}.amazonaws.com` : endpointUrl(endpoint, 'the endpoint of S3'),
    region,
    bucket,
    pathStyle: pathStyle ?? (endpoint !== undefined || bucket.includes('.')),
  };
}

function endpointUrl(json: unknown, where: string): string {
  const url = typeof json === 'string' && URL.canParse(json) ? new URL(json) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw bad(where, 'a base URL, as https://s3.example.org');
  if (url.username !== '' || url.password !== '') throw bad(where, 'without keys: these belong into a file');
  return url.href.replace(/\/+$/, '');
}

function matching(json: unknown, where: string, form: RegExp, what: string): string {
  const value = text(json, where, what);
  if (!form.test(value)) throw bad(where, what);
  return value;
}
