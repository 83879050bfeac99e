/**
 * What every TLS connection of esimd is opened with, towards the API and towards an SM-DP+. Said outright, since Node lets the environment
 * decide what is left out: NODE_TLS_REJECT_UNAUTHORIZED=0 would take the verification away, `--tls-min-v1.0` in NODE_OPTIONS the floor.
 */
export const strictTls = { rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
