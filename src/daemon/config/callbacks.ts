import { isLoopback } from "./schema-kinds.js";

/** What of `[callbacks]` does not fit together, as the end of a sentence; undefined when nothing is wrong. Pure. */
export function callbackProblem(
  api: { readonly provider: string; readonly callback_url?: string | undefined },
  callbacks: {
    readonly listen?: { readonly host: string } | undefined;
    readonly tls_cert_file?: string | undefined;
    readonly tls_key_file?: string | undefined;
  },
): string | undefined {
  const { listen, tls_cert_file: cert, tls_key_file: key } = callbacks;
  if (listen === undefined) return undefined;
  if (api.provider === "none") return "api.provider is none, so that nobody calls back";
  if (api.callback_url === undefined) {
    return "api.callback_url is not set, so that the provider has nothing to call, and no signature can be checked";
  }
  if ((cert === undefined) !== (key === undefined)) {
    return "only one of callbacks.tls_cert_file and callbacks.tls_key_file is set; they belong together";
  }
  if (cert === undefined && !isLoopback(listen.host)) {
    return `${listen.host} can be reached from outside without TLS; set callbacks.tls_cert_file and callbacks.tls_key_file, or listen on 127.0.0.1 behind a proxy that ends TLS`;
  }
  return undefined;
}
