/** How far a connection came before it failed; told by the codes of Node's errors. */
export type NetworkStage = "dns" | "connect" | "tls";

const dnsCodes: ReadonlySet<string> = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME"]);
const connectCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** OpenSSL's reasons as Node names them (nodejs.org, tls, "X509 certificate error codes"), and Node's own. */
const tlsCode =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_|ERROR_IN_CERT|EPROTO)/;

/** Looks through an error and all its causes. Undefined for one that says nothing of this. Pure. */
export function networkStageOf(error: unknown): NetworkStage | undefined {
  for (const code of codesOf(error)) {
    if (dnsCodes.has(code)) return "dns";
    if (tlsCode.test(code)) return "tls";
    if (connectCodes.has(code)) return "connect";
  }
  return undefined;
}

const maxDepth = 5;

function codesOf(error: unknown, depth = 0): readonly string[] {
  if (!(error instanceof Error) || depth > maxDepth) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  // A name with several addresses fails with one error for each of them.
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [...own, ...[error.cause, ...inner].flatMap((cause) => codesOf(cause, depth + 1))];
}
