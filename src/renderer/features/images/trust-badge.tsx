import { Shield, ShieldCheck, ShieldX } from 'lucide-react';
import { Badge } from '../../ui/status.tsx';
import { toldVerdict, type Verdict } from './trust-view.ts';

/** What the trust policy says of an image; nothing where it asks for nothing. */
export function TrustBadge({ verdict, reason }: { readonly verdict: Verdict; readonly reason: string }) {
  const { tone, text } = toldVerdict(verdict);
  const icon =
    tone === 'good' ? <ShieldCheck aria-hidden /> : tone === 'bad' ? <ShieldX aria-hidden /> : <Shield aria-hidden />;
  return (
    <Badge tone={tone} icon={icon} title={reason}>
      {text}
    </Badge>
  );
}
