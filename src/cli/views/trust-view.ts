/** Trust as text: the report on an image, and the policy. */
import type { TrustPolicyView, TrustReport, TrustRule } from '../../contract/engine-types.ts';
import { alignColumns, shortId } from '../format/table.ts';

const verdicts: Readonly<Record<TrustReport['verdict'], string>> = {
  'no-policy': 'no policy',
  unrestricted: 'unrestricted',
  trusted: 'trusted',
  refused: 'REFUSED',
};

export function trustReportText(report: TrustReport): string {
  const { policy, rule } = report;
  const facts: [string, string][] = [
    ['Image', report.image],
    ...(report.id === undefined ? [] : [['Local ID', report.id] as [string, string]]),
    ...(report.digest === undefined ? [] : [['Digest', report.digest] as [string, string]]),
    ['Policy', policy.state === 'none' ? 'none' : policy.path],
    ...(rule === undefined ? [] : [['Rule', ruleText(rule)] as [string, string]]),
    ['Verdict', `${verdicts[report.verdict]}: ${report.reason}`],
    ['Checked', checkedText(report)],
  ];
  const head = alignColumns(facts.map(([name, text]) => `${name}:\t${text}\n`).join(''), { minWidth: 0, padding: 2 });
  if (report.findings.length === 0)
    return `${head}\n${report.live ? 'No signatures were found.' : 'No signatures are known.'}\n`;
  const rows = report.findings.map((finding) =>
    [
      finding.kind,
      finding.key ?? '<unknown>',
      finding.accepted ? 'yes' : 'no',
      finding.foundBy,
      shortId(finding.subject),
      finding.problem === '' ? saidText(finding) : finding.problem,
    ].join('\t'),
  );
  const table = alignColumns(
    `${['KIND', 'KEY', 'COUNTS', 'FOUND BY', 'ABOUT', 'DETAIL'].join('\t')}\n${rows.join('\n')}\n`,
  );
  return `${head}\n${table}`;
}

function checkedText({ live, checkedAt }: TrustReport): string {
  if (live) return 'now, at the registry';
  return checkedAt === undefined ? 'never' : checkedAt;
}

/** What the signer said beside the digest. */
function saidText({ predicateType, annotations, signedAs }: TrustReport['findings'][number]): string {
  const parts = Object.entries(annotations).map(([name, value]) => `${name}=${value}`);
  return [predicateType, signedAs === undefined ? undefined : `as ${signedAs}`, ...parts]
    .filter((part) => part !== undefined)
    .join(' ');
}

export function ruleText(rule: TrustRule): string {
  return `${rule.match} (${demandText(rule)})`;
}

function demandText({ rule, keys = [], atLeast = 1, attestations = [], annotations = {} }: TrustRule): string {
  if (rule !== 'signed') return rule;
  const count = atLeast > 1 ? `${atLeast} of ` : '';
  const notes = Object.entries(annotations).map(([name, value]) => `${name}=${value}`);
  const said = notes.length === 0 ? '' : ` saying ${notes.join(', ')}`;
  const attested = attestations.map(({ predicateType }) => `, attested ${predicateType}`).join('');
  return `signed by ${count}${keys.join(' or ')}${said}${attested}`;
}

export function trustPolicyText(policy: TrustPolicyView): string {
  if (policy.state === 'none')
    return `There is no trust policy: ${policy.path} does not exist. Every image is let in.\n`;
  if (policy.state === 'broken') return `BROKEN: ${policy.error ?? ''}\nNo image is let in until this is repaired.\n`;
  const rules = policy.rules.map((rule) => `${rule.match}\t${demandText(rule)}\t${rule.reason ?? ''}`);
  const keys = policy.keys.map(({ name, algorithm, fingerprint, expires, expired }) => {
    const until = expires === undefined ? '' : expired ? `expired ${expires}` : `until ${expires}`;
    return `${name}\t${algorithm}\t${fingerprint}\t${until}`;
  });
  const where = policy.path === '' ? '' : `Policy:  ${policy.path}\n`;
  const tables = [
    alignColumns(`REPOSITORIES\tRULE\tREASON\n${rules.join('\n')}\n`),
    ...(keys.length === 0 ? [] : [alignColumns(`KEY\tALGORITHM\tFINGERPRINT (SHA-256)\tVALID\n${keys.join('\n')}\n`)]),
  ];
  return `${where}Images made here:  ${policy.local}\n\n${tables.join('\n')}`;
}
