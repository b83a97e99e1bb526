/** Driver options of endpoints that every driver with interfaces honours, as Docker names them. */
export const endpointSysctlsOption = 'com.docker.network.endpoint.sysctls';
export const interfaceNameOption = 'com.docker.network.endpoint.ifname';
