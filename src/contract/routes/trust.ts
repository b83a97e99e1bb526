/** Wharf's own routes about trust: who signed an image, and what the policy makes of it. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import {
  TrustImages,
  TrustPolicyCheckRequest,
  TrustPolicyCheckResult,
  TrustPolicyView,
  TrustReport,
} from '../types/trust.ts';

export const trustRoutes = {
  TrustInspect: route({
    method: 'GET',
    path: '/wharf/trust/inspect',
    since: '1.24',
    summary: 'Signatures and attestations of an image, and what the trust policy says of it',
    query: s.object({
      image: s.described(s.string, 'Name or ID of a local image, or a name at its registry'),
      live: s.optional(
        s.described(s.boolean, 'Ask the registry now, and keep what was verified; else tell what is known'),
      ),
    }),
    response: 'json',
    result: TrustReport,
  }),
  TrustImages: route({
    method: 'GET',
    path: '/wharf/trust/images',
    since: '1.24',
    summary: 'What the trust policy says of each local image',
    response: 'json',
    result: TrustImages,
  }),
  TrustPolicyShow: route({
    method: 'GET',
    path: '/wharf/trust/policy',
    since: '1.24',
    summary: 'The trust policy this engine goes by',
    response: 'json',
    result: TrustPolicyView,
  }),
  TrustPolicyCheck: route({
    method: 'POST',
    path: '/wharf/trust/policy/check',
    since: '1.24',
    summary: 'Check a trust policy, and tell which rule images fall under',
    body: TrustPolicyCheckRequest,
    response: 'json',
    result: TrustPolicyCheckResult,
  }),
} as const;
