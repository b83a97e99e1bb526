import manifest from '../../package.json' with { type: 'json' };

/** Version of this client. */
export const productVersion: string = manifest.version;
