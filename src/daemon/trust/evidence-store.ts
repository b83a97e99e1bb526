/**
 * What was verified of which image, kept with the image's ID: the ID is the digest of the config, which names every layer, so
 * what a signature vouched for can not change under it. Judged anew by the policy of the moment whenever it is asked for.
 */
import type { DatabaseSync } from 'node:sqlite';
import { isDigest } from '../../oci/digest.ts';
import { isJsonObject } from '../../oci/json-fields.ts';
import { OciFormatError } from '../../oci/oci-format-error.ts';
import { parseNamed, type Reference } from '../../oci/reference.ts';
import type { Finding } from './finding.ts';

export interface Evidence {
  /** As the image was asked for. */
  readonly reference: Reference;
  /** What that name stood for. */
  readonly digest: string;
  readonly checkedAtMs: number;
  /** Only those with a signer. */
  readonly findings: readonly Finding[];
}

const schema = `
  CREATE TABLE IF NOT EXISTS trust_evidence (
    image_id TEXT NOT NULL, reference TEXT NOT NULL, digest TEXT NOT NULL, checked_at INTEGER NOT NULL,
    findings TEXT NOT NULL, PRIMARY KEY (image_id, reference, digest)) STRICT;
`;
/** Of one image; the latest count. */
const maxRows = 32;
/** Of one check; an image with more signatures by configured keys has enough with these. */
const maxFindings = 64;

export class EvidenceStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(schema);
  }

  put(imageId: string, reference: string, evidence: Omit<Evidence, 'reference'>): void {
    const findings = evidence.findings.filter(({ signer }) => signer !== undefined).slice(0, maxFindings);
    this.#db
      .prepare(
        'INSERT OR REPLACE INTO trust_evidence (image_id, reference, digest, checked_at, findings) VALUES (?, ?, ?, ?, ?)',
      )
      .run(imageId, reference, evidence.digest, evidence.checkedAtMs, JSON.stringify(findings));
    this.#db
      .prepare(
        `DELETE FROM trust_evidence WHERE image_id = ? AND rowid NOT IN
           (SELECT rowid FROM trust_evidence WHERE image_id = ? ORDER BY checked_at DESC LIMIT ${maxRows})`,
      )
      .run(imageId, imageId);
  }

  /** Newest first. A row that can not be read is no evidence. */
  of(imageId: string): readonly Evidence[] {
    const rows = this.#db
      .prepare('SELECT * FROM trust_evidence WHERE image_id = ? ORDER BY checked_at DESC')
      .all(imageId);
    return rows.flatMap((row) => {
      const evidence = evidenceFromRow(row);
      return evidence === undefined ? [] : [evidence];
    });
  }

  /** Rows of images that are gone; a loaded copy of one must be checked anew. */
  keepOnly(isKept: (imageId: string) => boolean): void {
    const remove = this.#db.prepare('DELETE FROM trust_evidence WHERE image_id = ?');
    for (const { image_id } of this.#db.prepare('SELECT DISTINCT image_id FROM trust_evidence').all()) {
      if (!isKept(String(image_id))) remove.run(String(image_id));
    }
  }
}

function evidenceFromRow(row: Record<string, unknown>): Evidence | undefined {
  try {
    const findings: unknown = JSON.parse(String(row.findings));
    if (!Array.isArray(findings)) return undefined;
    return {
      reference: parseNamed(String(row.reference)),
      digest: String(row.digest),
      checkedAtMs: Number(row.checked_at),
      findings: findings.filter(isFinding),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof OciFormatError) return undefined;
    throw error;
  }
}

function isFinding(value: unknown): value is Finding {
  if (!isJsonObject(value)) return false;
  const texts = [value.signer, value.signedAs, value.predicateType, value.problem, value.artifact, value.subject];
  return (
    (value.kind === 'signature' || value.kind === 'attestation') &&
    (value.format === 'simple-signing' || value.format === 'dsse' || value.format === 'bundle') &&
    (value.foundBy === 'tag' || value.foundBy === 'referrers') &&
    texts.every((text) => typeof text === 'string') &&
    isDigest(String(value.subject)) &&
    isDigest(String(value.artifact)) &&
    isJsonObject(value.annotations) &&
    Object.values(value.annotations).every((text) => typeof text === 'string')
  );
}
