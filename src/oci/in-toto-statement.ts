/** in-toto statements: what is said (the predicate) of which artifacts (the subjects). Source: in-toto attestation framework, spec/v1. */
import { isDigest } from './digest.ts';
import {
  isJsonObject,
  malformed,
  objectList,
  optionalString,
  parseJsonObject,
  requiredString,
  stringMap,
} from './json-fields.ts';

/** Of a statement that says no more than "this is signed": cosign's signatures in bundles. */
export const signedPredicateType = 'https://sigstore.dev/cosign/sign/v1';
const statementTypes = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
const maxStatementChars = 16 * 1024 * 1024;
const maxSubjects = 4096;

export interface InTotoSubject {
  readonly name: string;
  /** `sha256:…`, each a digest of the same artifact. */
  readonly digests: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface InTotoStatement {
  readonly predicateType: string;
  readonly subjects: readonly InTotoSubject[];
}

/** @throws OciFormatError 'manifest.invalid' */
export function parseInTotoStatement(text: string): InTotoStatement {
  const where = 'in-toto statement';
  const json = parseJsonObject(text, where, maxStatementChars);
  const type = requiredString(json, '_type', where);
  if (!statementTypes.includes(type)) throw malformed(`${where}._type`, statementTypes.join(' or '));
  return {
    predicateType: requiredString(json, 'predicateType', where),
    subjects: objectList(json, 'subject', where, maxSubjects).map((subject, at) => {
      const place = `${where}.subject[${at}]`;
      const digests = stringMap(subject, 'digest', place, 16) ?? {};
      return {
        name: optionalString(subject, 'name', place) ?? '',
        digests: Object.entries(digests).flatMap(([name, hex]) =>
          isDigest(`${name}:${hex}`) ? [`${name}:${hex}`] : [],
        ),
        annotations: textsOf(subject.annotations),
      };
    }),
  };
}

/** Annotations may hold any JSON; those that are texts can be asked for. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
