/** Which Wharf this is. */
import packageJson from '../../../package.json' with { type: 'json' };

/** Put in by the build; run from the source there is none. */
declare const __WHARF_COMMIT__: string | undefined;
declare const __WHARF_BUILD_TIME__: string | undefined;

export const buildInfo = {
  version: packageJson.version,
  commit: typeof __WHARF_COMMIT__ === 'undefined' ? 'source' : __WHARF_COMMIT__,
  /** RFC 3339; empty when run from the source. */
  buildTime: typeof __WHARF_BUILD_TIME__ === 'undefined' ? '' : __WHARF_BUILD_TIME__,
} as const;
