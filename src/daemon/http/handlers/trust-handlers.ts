/** Routes of trust: signatures of images, and the policy. */
import type { trustRoutes } from '../../../contract/routes/trust.ts';
import type { HandlersFor } from '../handler.ts';
import type { EngineServices } from './engine-services.ts';
import { registryAuth } from './request-values.ts';

export function trustHandlers({ trust, hostPlatform }: EngineServices): HandlersFor<keyof typeof trustRoutes> {
  return {
    TrustInspect: ({ query, header, signal }) =>
      trust.inspect(query.image, {
        live: query.live ?? false,
        platform: hostPlatform,
        auth: registryAuth(header('x-registry-auth')),
        signal,
      }),
    TrustImages: () => trust.list(),
    TrustPolicyShow: () => trust.policyView(),
    TrustPolicyCheck: ({ body }) => trust.check(body.policy, body.images ?? []),
  };
}
